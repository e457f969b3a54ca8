//! The verbs of methods and of backend calls.

use super::words::words;

words! {
    /// The verb of a method or of a backend call; `ANY` stands for every verb without a method of its own.
    pub enum HttpMethod {
        Get = "GET",
        Put = "PUT",
        Post = "POST",
        Delete = "DELETE",
        Patch = "PATCH",
        Options = "OPTIONS",
        Head = "HEAD",
        Any = "ANY",
    }
}
