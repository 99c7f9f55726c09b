//! Lists in pages, with the contract's headers (§2.11): `Link` and `X-Total-Count`.

use std::collections::BTreeMap;

use actix_http::Request;
use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use serde::Serialize;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::answer::json;
use super::call::Call;
use super::error::Problem;
use super::forwarded::Origin;
use super::openapi::shapes::Count;

/// The query of a list. Names are compared without regard to case; the first of a name counts, where not all do, and one that is
/// spelt as here before all others: in our links it stands beside what the client wrote.
#[derive(Debug)]
pub struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    pub fn of(request: &Request) -> Self {
        let given = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let mut given: Vec<_> = given
            .map(|(name, value)| (name.to_lowercase() != name, name.to_lowercase(), value))
            .collect();
        given.sort_by_key(|(is_respelt, ..)| *is_respelt);
        let mut pairs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, name, value) in given {
            pairs.entry(name).or_default().push(value.into_owned());
        }
        Self(pairs)
    }

    /// `None` where it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)?
            .first()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// Every value of a name that may come more than once.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    fn number(&self, name: &str, title: &'static str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| Problem::bad_request(title, format!("{name} must be a number")))
    }
}

/// The parameters of a list, as the description shows them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never constructed")]
pub(super) struct PageParameters {
    /// The number of the page; the first is 1, and so is whatever is less.
    #[param(value_type = Option<Count>, inline)]
    page: Option<i64>,
    /// How many there are on a page: 20 unless you say, at most 1000.
    #[param(value_type = Option<Count>, inline)]
    per_page: Option<i64>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub number: usize,
    pub size: usize,
}

impl Page {
    /// What is absent, zero or negative is the default; a page has at most [`SIZE_MAX`] entries.
    pub fn of(query: &Query, title: &'static str) -> Result<Self, Problem> {
        let given = |number: Option<i64>| {
            number
                .and_then(|number| usize::try_from(number).ok())
                .filter(|&number| number > 0)
        };
        Ok(Self {
            number: given(query.number("page", title)?).unwrap_or(1),
            size: given(query.number("per_page", title)?)
                .unwrap_or(SIZE_DEFAULT)
                .min(SIZE_MAX),
        })
    }

    pub fn is_asked_for(query: &Query) -> bool {
        ["page", "per_page"]
            .into_iter()
            .any(|name| query.text(name).is_some())
    }

    /// All of a list on one page, which says the default size where that is enough.
    pub fn whole(total: usize) -> Self {
        Self {
            number: 1,
            size: total.max(SIZE_DEFAULT),
        }
    }

    pub fn select<T>(self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.skipped()).take(self.size)
    }

    /// How many entries come before it.
    pub const fn skipped(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// This page of a list, with the headers that tell of the others.
    pub fn answer(self, call: &Call, total: usize, bodies: &impl Serialize) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response
            .insert_header(("link", self.link(call, total)))
            .insert_header(("x-total-count", total));
        json(response, bodies)
    }

    /// The `Link` header (RFC 8288): absolute addresses in the order first, last, next, prev.
    fn link(self, call: &Call, total: usize) -> HeaderValue {
        let last = total.div_ceil(self.size).max(1);
        let relations = [
            (self.number != 1 || self.number == last).then_some((1, "first")),
            (self.number != last).then_some((last, "last")),
            (self.number < last).then(|| (self.number + 1, "next")),
            (self.number > 1).then(|| (self.number - 1, "prev")),
        ];
        let links: Vec<String> = relations
            .into_iter()
            .flatten()
            .map(|(number, relation)| {
                format!("<{}>; rel=\"{relation}\"", self.address(call, number))
            })
            .collect();
        HeaderValue::from_str(&links.join(",")).unwrap_or(HeaderValue::from_static(""))
    }

    /// The request's own address with this page in its query, sorted by name.
    fn address(self, call: &Call, number: usize) -> String {
        let given =
            form_urlencoded::parse(call.request.uri().query().unwrap_or_default().as_bytes());
        let mut pairs: Vec<(String, String)> = given
            .filter(|(name, _)| name != "page" && name != "per_page")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        pairs.push(("page".to_owned(), number.to_string()));
        pairs.push(("per_page".to_owned(), self.size.to_string()));
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let Origin { scheme, host } = call.shared.proxies.origin(&call.request);
        format!("{scheme}://{host}{}?{query}", call.request.path())
    }
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

impl Order {
    /// `None` for what is neither of its words.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "desc" => Some(Self::NewestFirst),
            "asc" => Some(Self::OldestFirst),
            _ => None,
        }
    }
}

const SIZE_DEFAULT: usize = 20;
const SIZE_MAX: usize = 1000;
