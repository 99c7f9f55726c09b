//! Which origins a tenant's answers may be read from (contract §8.2). Not the origins of the relying party: those
//! decide who may sign in, these who may read.

use super::settings::Cors;

/// What `Access-Control-Allow-Origin` says to an origin that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowOrigin {
    Echo,
    Star,
}

impl Cors {
    pub fn allow(&self, origin: &str) -> Option<AllowOrigin> {
        let pattern = self
            .allowed_origins
            .iter()
            .find(|pattern| matches(pattern, origin))?;
        Some(if pattern == "*" && !self.allow_unsafe_wildcard {
            AllowOrigin::Star
        } else {
            AllowOrigin::Echo
        })
    }
}

/// Longer origins, and those that are none (`null`), match no pattern but `*` and themselves.
const GLOB_ORIGIN_LENGTH_MAX: usize = 261;

fn matches(pattern: &str, origin: &str) -> bool {
    pattern == "*"
        || pattern == origin
        || (pattern.contains(['*', '?'])
            && origin.len() <= GLOB_ORIGIN_LENGTH_MAX
            && origin.contains("://")
            && glob(pattern.as_bytes(), origin.as_bytes()))
}

/// `*` stands for any run, `?` for one character, all else for itself; the whole text must match.
/// Goes back to the last `*` only, so the time is at most the product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}
