//! Tracking codes: what whoever appealed asks with, over the telephone too.
//!
//! Sixteen symbols of Crockford's base 32 carry 80 random bits; a seventeenth checks them. The check is one symbol of a
//! code over GF(32): a wrong symbol, or any two that were exchanged, never gives another good code.

use crate::error::say;
use sha2::{Digest as _, Sha256};
use sipar_authz::{Random, RandomError};
use sipar_web::Saying;
use std::{fmt, fmt::Write as _};

/// Crockford's base 32: without I, L, O and U, which are misread or misheard.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Random bytes: 80 bits. With a million open appeals and a million guesses a second, a hit takes 38,000 years.
const RANDOM_BYTES: usize = 10;

/// Symbols without the check.
const SYMBOLS: usize = 16;

/// The longest text that is read as a code: the symbols with a space between each two, and some more.
const TEXT_BYTES_MAX: usize = 64;

/// A text that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Saying::from(*self))]
pub enum CodeError {
    /// Another length.
    Length(usize),
    /// A symbol that no code has.
    Symbol(char),
    /// The check does not hold.
    Check,
}

impl From<CodeError> for Saying {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Length(count) => say("cases-refused-code-length", [("count", count.into())]),
            CodeError::Symbol(letter) => say("cases-refused-code-symbol", [("letter", letter.to_string().into())]),
            CodeError::Check => say("cases-refused-code", []),
        }
    }
}

/// A tracking code. Who holds it may see the appeal; only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; SYMBOLS]);

impl Code {
    /// A new one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; RANDOM_BYTES];
        random.fill(&mut bytes)?;
        let mut symbols = [0; SYMBOLS];
        for (place, symbol) in symbols.iter_mut().enumerate() {
            // Five bits from bit `5 * place` on; the bytes end with the last symbol.
            let (byte, shift) = (5 * place / 8, 5 * place % 8);
            let pair = u16::from(bytes[byte]) << 8 | u16::from(bytes.get(byte + 1).copied().unwrap_or(0));
            *symbol = u8::try_from(pair >> (11 - shift) & 31).unwrap_or(0);
        }
        Ok(Self(symbols))
    }

    /// Reads a code as people write it: in any case, with spaces or hyphens, `O` for 0, `I` and `L` for 1.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(CodeError::Length(text.chars().count()));
        }
        let mut symbols = Vec::with_capacity(SYMBOLS + 1);
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
            let plain = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let place = ALPHABET.iter().position(|known| char::from(*known) == plain);
            symbols.push(place.and_then(|place| u8::try_from(place).ok()).ok_or(CodeError::Symbol(letter))?);
        }
        let (data, last) = match symbols.split_at_checked(SYMBOLS) {
            Some((data, [last])) => (data, *last),
            _ => return Err(CodeError::Length(symbols.len())),
        };
        let code = Self(data.try_into().map_err(|_| CodeError::Length(symbols.len()))?);
        if code.check() == last { Ok(code) } else { Err(CodeError::Check) }
    }

    /// What is kept of it: 80 random bits need no salt and no slow hash.
    #[must_use]
    pub fn hash(&self) -> String {
        let digest = Sha256::new().chain_update(b"sipar tracking code v1\n").chain_update(self.0).finalize();
        digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The sum of all symbols, each times another power of a generator of GF(32).
    fn check(&self) -> u8 {
        let mut power = 1;
        self.0.iter().fold(0, |sum, symbol| {
            power = times(power, 2);
            sum ^ times(*symbol, power)
        })
    }
}

/// Multiplies in GF(32), modulo x^5 + x^2 + 1, of which 2 generates all 31 elements.
const fn times(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0);
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 32 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}

impl fmt::Display for Code {
    /// `7K3M-9QXR-0123-ABCDE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().chain([&self.check()]).enumerate() {
            if place > 0 && place % 4 == 0 && place < SYMBOLS {
                f.write_char('-')?;
            }
            f.write_char(char::from(ALPHABET[usize::from(*symbol & 31)]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Fixed([u8; RANDOM_BYTES]);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.copy_from_slice(&self.0);
            Ok(())
        }
    }

    fn code(bytes: [u8; RANDOM_BYTES]) -> Code {
        Code::generate(&Fixed(bytes)).unwrap()
    }

    #[test]
    fn as_people_write_it() {
        let code = code([0, 1, 2, 3, 250, 251, 252, 253, 254, 255]);
        let text = code.to_string();
        assert_eq!((text.len(), text.as_bytes()[4], text.as_bytes()[14]), (20, b'-', b'-'), "{text}");
        assert_eq!(format!("{code:?}"), "Code(hidden)");
        for written in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', " "),
            format!("  {} ", text.replace('-', "")),
            text.replace('0', "O").replace('1', "l"),
        ] {
            assert_eq!(Code::parse(&written), Ok(code.clone()), "{written}");
        }
        for (bad, expect) in [
            ("", CodeError::Length(0)),
            ("ABC", CodeError::Length(3)),
            ("UUUU", CodeError::Symbol('U')),
            ("اب", CodeError::Symbol('ا')),
            (&"A".repeat(64), CodeError::Length(64)),
            (&"A".repeat(65), CodeError::Length(65)),
        ] {
            assert_eq!(Code::parse(bad), Err(expect), "{bad}");
        }
    }

    #[test]
    fn every_bit_of_chance_is_in_the_code() {
        let none = code([0; RANDOM_BYTES]);
        let mut seen = std::collections::BTreeSet::from([none.hash()]);
        for bit in 0..8 * RANDOM_BYTES {
            let mut bytes = [0; RANDOM_BYTES];
            bytes[bit / 8] = 1 << (bit % 8);
            assert!(seen.insert(code(bytes).hash()), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_wrong_symbol_or_two_exchanged_are_found(
            bytes in any::<[u8; RANDOM_BYTES]>(), first in 0..17_usize, second in 0..17_usize, wrong in 0..32_usize,
        ) {
            let code = code(bytes);
            let plain: Vec<u8> = code.to_string().bytes().filter(|byte| *byte != b'-').collect();
            prop_assert_eq!(Code::parse(std::str::from_utf8(&plain).unwrap()), Ok(code));
            let mut one = plain.clone();
            one[first] = ALPHABET[wrong];
            if one != plain {
                prop_assert_eq!(Code::parse(std::str::from_utf8(&one).unwrap()), Err(CodeError::Check));
            }
            let mut two = plain.clone();
            two.swap(first, second);
            if two != plain {
                prop_assert_eq!(Code::parse(std::str::from_utf8(&two).unwrap()), Err(CodeError::Check));
            }
        }

        #[test]
        fn any_text_is_a_code_or_not(text in ".{0,70}") {
            let _ = Code::parse(&text);
        }
    }
}
