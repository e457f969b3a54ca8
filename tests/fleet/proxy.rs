//! A node's way to the database, which the tests can cut: both ways or one.
//!
//! What is sent into a cut is not lost but late, as on a network where TCP sends again what nobody confirmed: when the cut is
//! mended, it arrives.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToDatabase,
    ToNode,
}

#[derive(Default)]
struct Cuts {
    to_database: bool,
    to_node: bool,
}

#[derive(Default)]
struct State {
    cuts: Mutex<Cuts>,
    mended: Condvar,
}

/// Forwards connections until the process of the tests ends.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    pub(crate) fn to(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let of = state.clone();
        thread::spawn(move || {
            for node in listener.incoming() {
                // A node that went away at once, or a database that is down: the node sees that its connection ends.
                let Ok(node) = node else { continue };
                let Ok(there) = TcpStream::connect(database) else { continue };
                join(node, there, &of);
            }
        });
        Self { address, state }
    }

    /// Lets nothing more through in these directions.
    pub(crate) fn cut(&self, ways: &[Way]) {
        let mut cuts = self.state.cuts.lock().unwrap();
        for way in ways {
            match way {
                Way::ToDatabase => cuts.to_database = true,
                Way::ToNode => cuts.to_node = true,
            }
        }
    }

    pub(crate) fn mend(&self) {
        *self.state.cuts.lock().unwrap() = Cuts::default();
        self.state.mended.notify_all();
    }
}

fn join(node: TcpStream, there: TcpStream, state: &Arc<State>) {
    // Whatever can't be set makes it slower, no more.
    let _ = node.set_nodelay(true).and_then(|()| there.set_nodelay(true));
    let (Ok(from_node), Ok(from_there)) = (node.try_clone(), there.try_clone()) else { return };
    for (from, to, way) in [(from_node, there, Way::ToDatabase), (from_there, node, Way::ToNode)] {
        let state = state.clone();
        thread::spawn(move || copy(from, to, way, &state));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, way: Way, state: &State) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes);
        let is_cut = |cuts: &mut Cuts| match way {
            Way::ToDatabase => cuts.to_database,
            Way::ToNode => cuts.to_node,
        };
        // The end of a connection is not told through a cut either.
        drop(state.mended.wait_while(state.cuts.lock().unwrap(), is_cut).unwrap());
        match read {
            Ok(n) if 0 < n && to.write_all(&bytes[..n]).is_ok() => {}
            Ok(_) | Err(_) => {
                let _ = to.shutdown(Shutdown::Write);
                let _ = from.shutdown(Shutdown::Read);
                return;
            }
        }
    }
}
