//! Returns what it was given, for every type.

writ_test_guests::world!("writ:guests/echo");
use exports::writ::guests::echoes::{Colour, Guest, Person, Rights, Shape};

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn echo_bool(value: bool) -> bool {
        value
    }

    fn echo_s8(value: i8) -> i8 {
        value
    }

    fn echo_u8(value: u8) -> u8 {
        value
    }

    fn echo_s16(value: i16) -> i16 {
        value
    }

    fn echo_u16(value: u16) -> u16 {
        value
    }

    fn echo_s32(value: i32) -> i32 {
        value
    }

    fn echo_u32(value: u32) -> u32 {
        value
    }

    fn echo_s64(value: i64) -> i64 {
        value
    }

    fn echo_u64(value: u64) -> u64 {
        value
    }

    fn echo_f32(value: f32) -> f32 {
        value
    }

    fn echo_f64(value: f64) -> f64 {
        value
    }

    fn echo_char(value: char) -> char {
        value
    }

    fn echo_string(value: String) -> String {
        value
    }

    fn echo_bytes(value: Vec<u8>) -> Vec<u8> {
        value
    }

    fn echo_list(value: Vec<String>) -> Vec<String> {
        value
    }

    fn echo_lists(value: Vec<Vec<i32>>) -> Vec<Vec<i32>> {
        value
    }

    fn echo_option(value: Option<String>) -> Option<String> {
        value
    }

    fn echo_options(value: Option<Option<u32>>) -> Option<Option<u32>> {
        value
    }

    fn echo_tuple(value: (u8, String, bool)) -> (u8, String, bool) {
        value
    }

    fn echo_record(value: Person) -> Person {
        value
    }

    fn echo_variant(value: Shape) -> Shape {
        value
    }

    fn echo_enum(value: Colour) -> Colour {
        value
    }

    fn echo_flags(value: Rights) -> Rights {
        value
    }

    fn echo_result(value: (Result<u32, String>,)) -> (Result<u32, String>,) {
        value
    }

    fn echo_empty_result(value: (Result<(), ()>,)) -> (Result<(), ()>,) {
        value
    }

    fn echo_nested(value: Vec<Option<Person>>) -> Vec<Option<Person>> {
        value
    }

    fn echo_many(
        first: u8,
        second: Option<String>,
        third: Vec<u8>,
    ) -> (u8, Option<String>, Vec<u8>) {
        (first, second, third)
    }

    fn echo_nothing() {}

    fn echo_outcome(value: String, good: bool) -> Result<String, Shape> {
        if good {
            Ok(value)
        } else {
            Err(Shape::Named(value))
        }
    }

    fn echo_failure() -> Result<(), ()> {
        Err(())
    }
}
