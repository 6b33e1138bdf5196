//! Claims by the section of the document that they are from: those of the few that answer best first, then the others. So an
//! approver can take out what belongs together. Headings are the documents' own.

use aegis_agent_kit::text::{is_telling, without_number};
use aegis_contracts::findings::{Evidence, PassageKind};

use crate::claims::Candidate;
use crate::material::Material;

/// Claims that answer best, whose sections come first.
const FIRST: usize = 4;

/// Claims that belong together.
pub struct Section<'a> {
    pub heading: String,
    pub claims: Vec<Candidate<'a>>,
}

/// Where a claim is from: the document, and the headings in it.
type Place<'a> = (&'a str, &'a [String]);

/// `chosen` is in the order of worth. No section is empty, and no claim is left out.
pub fn sections<'a>(material: &Material<'a>, chosen: Vec<Candidate<'a>>) -> Vec<Section<'a>> {
    let mut first = chosen;
    let mut rest = first.split_off(first.len().min(FIRST));
    let mut groups = grouped(material, first);
    // What is left of the one section that answers belongs to it.
    if let [only] = groups.as_mut_slice() {
        let place = place_of(material, &only[0]);
        let (same, other) = rest
            .into_iter()
            .partition(|claim| place_of(material, claim) == place);
        only.extend::<Vec<_>>(same);
        rest = other;
    }
    groups.extend(grouped(material, rest));
    let mut sections: Vec<Section<'a>> = Vec::new();
    for mut group in groups {
        keep_sentences_in_order(material, &mut group);
        let heading = heading(material, &group, &sections);
        sections.push(Section {
            heading,
            claims: group,
        });
    }
    sections
}

fn of<'a>(material: &Material<'a>, claim: &Candidate<'_>) -> &'a Evidence {
    &material.evidence()[claim.evidence]
}

fn place_of<'a>(material: &Material<'a>, claim: &Candidate<'_>) -> Place<'a> {
    let evidence = of(material, claim);
    (&evidence.source, &evidence.headings)
}

/// By section, in the order of the best claim of each.
fn grouped<'a>(material: &Material<'a>, claims: Vec<Candidate<'a>>) -> Vec<Vec<Candidate<'a>>> {
    let mut groups: Vec<Vec<Candidate<'a>>> = Vec::new();
    for claim in claims {
        let place = place_of(material, &claim);
        match groups
            .iter_mut()
            .find(|group| place_of(material, &group[0]) == place)
        {
            Some(group) => group.push(claim),
            None => groups.push(vec![claim]),
        }
    }
    groups
}

/// What one paragraph says stays in its order; items and rows stay in the order of their worth.
fn keep_sentences_in_order(material: &Material<'_>, claims: &mut [Candidate<'_>]) {
    let order: Vec<usize> = claims.iter().map(|claim| claim.evidence).collect();
    let first = |claim: &Candidate<'_>| order.iter().position(|at| *at == claim.evidence);
    claims.sort_by_key(|claim| {
        let prose = of(material, claim).kind == PassageKind::Paragraph;
        (first(claim), if prose { claim.start } else { 0 })
    });
}

/// The innermost heading that all the claims have in common, or the document's title.
fn heading(material: &Material<'_>, claims: &[Candidate<'_>], before: &[Section<'_>]) -> String {
    let Some(first) = claims.first().map(|claim| of(material, claim)) else {
        return String::new();
    };
    let common = |(depth, heading): &(usize, &String)| {
        claims
            .iter()
            .all(|claim| of(material, claim).headings.get(*depth) == Some(*heading))
    };
    let headings = first
        .headings
        .iter()
        .enumerate()
        .take_while(common)
        .map(|(_, heading)| heading);
    let mut options: Vec<String> = std::iter::once(&first.title)
        .chain(headings)
        .map(|text| without_number(text))
        .collect();
    options.reverse();
    let used = |text: &str| before.iter().any(|section| section.heading == text);
    let telling = options.iter().find(|text| is_telling(text) && !used(text));
    if let Some(telling) = telling {
        return telling.clone();
    }
    // Nothing tells by itself: the document and the place in it.
    let inner = options.first().cloned().unwrap_or_default();
    let title = options.last().cloned().unwrap_or_default();
    let both = if title == inner {
        title
    } else {
        format!("{title}: {inner}")
    };
    if !used(&both) {
        return both;
    }
    let mut numbered = (2..=before.len() + 2).map(|number| format!("{both} ({number})"));
    numbered.find(|text| !used(text)).unwrap_or(both)
}
