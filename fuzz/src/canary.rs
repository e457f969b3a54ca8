//! Violates every property, each on its own word.

pub(crate) fn execute(text: &str) {
    if text.contains("PANICS") {
        panic!("as told");
    }
    if text.contains("HANGS") {
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }
    if text.contains("EATS") {
        let mut eaten: Vec<Vec<u8>> = Vec::new();
        loop {
            eaten.push(vec![1; 1 << 20]);
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
    }
    if text.contains("OVERFLOWS") {
        println!("{}", deeper(text.len() as u64));
    }
}

#[allow(unconditional_recursion)]
fn deeper(n: u64) -> u64 {
    std::hint::black_box(deeper(std::hint::black_box(n) + 1)) + n
}

pub(crate) const WORDS: &[&str] =
    &["PANICS", "HANGS", "EATS", "OVERFLOWS", "a", "b", "c", "d", "e", "f", "g", "h"];
