//! Exchanges in another order than that of their starting.

use super::error::Error;
use super::filter::{Condition, Filter};
use super::read::Reader;
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use rusqlite::params_from_iter;

/// What exchanges can be put in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderBy {
    /// The path, in the order of the alphabet.
    Path,
    /// The model that was asked for, in the order of the alphabet.
    Model,
    /// The status that the app got.
    Status,
    /// The verdict, in the order of [`Verdict::ALL`](crate::exchange::end::Verdict::ALL).
    Verdict,
    /// How bad the worst finding is.
    Findings,
    /// The time to the first token.
    FirstToken,
    /// How long it took.
    Duration,
    /// Tokens of prompt and answer together.
    Tokens,
    /// Bytes of both bodies together.
    Bytes,
}

/// An order. What has no value comes last in either direction; of equals, the older in front, or if it
/// descends, the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// What by.
    pub by: OrderBy,
    /// The largest first.
    pub descending: bool,
}

/// Which part of what is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first of them.
    First,
    /// The last of them.
    Last,
    /// This one, where it is among them, and those that follow it.
    From(ExchangeId),
    /// Those before this one, the nearest of them.
    Before(ExchangeId),
}

impl OrderBy {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::Path,
        Self::Model,
        Self::Status,
        Self::Verdict,
        Self::Findings,
        Self::FirstToken,
        Self::Duration,
        Self::Tokens,
        Self::Bytes,
    ];

    /// Whether the largest are what one looks for.
    pub const fn begins_descending(self) -> bool {
        !matches!(self, Self::Path | Self::Model)
    }

    const fn is_text(self) -> bool {
        matches!(self, Self::Path | Self::Model)
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Path => "(SELECT text FROM words WHERE id = f.path)",
            Self::Model => "(SELECT text FROM words WHERE id = f.model)",
            Self::Status => "f.status",
            Self::Verdict => "f.verdict",
            // The bit of the worst is worth more than the others together.
            Self::Findings => "nullif(f.severities, 0)",
            Self::FirstToken => "f.ttft_us",
            Self::Duration => "f.duration_us",
            Self::Tokens => "f.tokens",
            Self::Bytes => "f.bytes",
        }
    }
}

impl Order {
    /// The usual order by this.
    pub const fn by(by: OrderBy) -> Self {
        Self { by, descending: by.begins_descending() }
    }

    /// The other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }

    /// The value that rows are put in order by, never null.
    fn key(self) -> String {
        let none = match (self.by.is_text(), self.descending) {
            (true, true) => "''",
            // After every text.
            (true, false) => "x'ff'",
            (false, true) => "-1",
            (false, false) => "9223372036854775807",
        };
        format!("coalesce({}, {none})", self.by.column())
    }
}

impl Reader {
    /// At most `limit` of the exchanges up to `until` that `filter` asks for, as they stand in `order`: the
    /// numbers of that part.
    ///
    /// Looks at every exchange that the filter asks for, and keeps `limit` of them in memory; where the filter
    /// asks for words, the numbers of all. `now` is what `since:10m` counts from.
    pub fn in_order(
        &self,
        filter: &Filter,
        order: Order,
        part: Part,
        limit: u32,
        until: ExchangeId,
        now: WallTime,
    ) -> Result<Vec<ExchangeId>, Error> {
        let Some((condition, asked)) = self.asked_of_facets(filter, now)?.into_parts() else {
            return Ok(Vec::new());
        };
        let mut values = vec![ExchangeId::MIN.into(), until.saturating_add(1).into()];
        values.extend(asked);
        let is_backwards = matches!(part, Part::Last | Part::Before(_));
        let (comparison, direction) = match (order.descending, is_backwards) {
            (false, false) => (">=", "ASC"),
            (false, true) => ("<", "DESC"),
            (true, false) => ("<=", "DESC"),
            (true, true) => (">", "ASC"),
        };
        let key = order.key();
        let bound = match part {
            Part::First | Part::Last => String::new(),
            Part::From(id) | Part::Before(id) => {
                values.push(id.into());
                format!(
                    "WHERE (k, id) {comparison} \
                     (SELECT {key}, f.exchange_id FROM facets f WHERE f.exchange_id = ?)"
                )
            }
        };
        values.push(i64::from(limit).into());
        let mut statement = self.connection.prepare(&format!(
            "SELECT id FROM (SELECT f.exchange_id AS id, {key} AS k FROM facets f \
             WHERE f.exchange_id > ?1 AND f.exchange_id < ?2 AND ({condition})) {bound} \
             ORDER BY k {direction}, id {direction} LIMIT ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        let mut ids = rows.collect::<Result<Vec<ExchangeId>, _>>()?;
        if is_backwards {
            ids.reverse();
        }
        Ok(ids)
    }

    /// What a filter asks, of the facets alone: what it asks of the full text is looked up first.
    fn asked_of_facets(&self, filter: &Filter, now: WallTime) -> Result<Condition, Error> {
        let compiled = self.compiler(now).compile(filter)?;
        if compiled.matching.is_none() && compiled.excluded.is_none() && !compiled.asks_text {
            return Ok(compiled.condition);
        }
        let ids = self.select_ids(filter, super::Page::default(), now)?;
        Ok(Condition::Always.and_one_of("f.exchange_id", &ids))
    }
}
