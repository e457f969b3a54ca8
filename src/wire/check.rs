//! Input against shapes: types first, then constraints, in AWS's words.
//!
//! A value of another type than its shape's is a `SerializationException` and ends the check; everything
//! else that is wrong is collected into one `ValidationException`. On the way the input is made canonical:
//! nulls are dropped, integers lose their fraction.
