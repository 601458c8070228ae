"""The catalogue as DCAT 3 in JSON-LD. Source: W3C, Data Catalog Vocabulary (DCAT) Version 3; DCAT-AP 3 where it asks
for more; our own choice where neither knows a field (scheme of sharing, items as CSVW, quality as DQV).

Names are URNs, as nothing of the deployment has an address: ``urn:govdata:…``, providers ``urn:uscc:<code>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govdata.reports.catalogue.entries import Catalogue, Entry
from govdata.standards.catalogue import CLASS_NAMES
from govdata.standards.catalogue_entry import SHARING_CODES
from govdata.standards.model import Registry

CONTEXT: dict[str, Any] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "dqv": "http://www.w3.org/ns/dqv#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "spdx": "http://spdx.org/rdf/terms#",
    "adms": "http://www.w3.org/ns/adms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
FREQUENCIES = {
    "RT": "UPDATE_CONT",
    "D": "DAILY",
    "W": "WEEKLY",
    "M": "MONTHLY",
    "Q": "QUARTERLY",
    "H": "ANNUAL_2",
    "Y": "ANNUAL",
    "O": "OTHER",
    "I": "IRREG",
}
"""Code of 更新周期 → code of the EU's frequency table, which DCAT-AP asks for."""
PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
SHARING = "urn:govdata:sharing:"
PARQUET = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"
DATATYPES = {
    "integer": "xsd:integer",
    "decimal": "xsd:decimal",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "boolean": "xsd:boolean",
}
METRIC = "urn:govdata:metric:"

Node = dict[str, Any]


def document(made: Catalogue, registry: Registry, title: str) -> Node:
    """The JSON-LD document: one catalogue and all that it names."""
    graph: list[Node] = [_catalogue(made, registry, title), *_sharing_scheme(), *_metrics()]
    graph += [
        _agent(name, registry) for name in sorted({entry.dataset.owner for entry in made.entries} | {_bureau(registry)})
    ]
    graph += _themes(made)
    for entry in made.entries:
        graph += _dataset(entry, registry)
    return {"@context": CONTEXT, "@graph": graph}


def _id(*parts: str) -> str:
    return ":".join(("urn:govdata", *(part.replace("/", "-") for part in parts)))


def _ref(name: str) -> Node:
    return {"@id": name}


def _zh(text: str) -> Node:
    return {"@value": text, "@language": "zh"}


def _date(text: str) -> Node:
    return {"@value": text, "@type": "xsd:date"}


def _bureau(registry: Registry) -> str:
    """Who keeps the catalogue: the owner of the master data, else whoever is named first."""
    owners = [master.owner for master in registry.masters.values()]
    return owners[0] if owners else next(iter(registry.workorders.departments), "")


def _agent_id(name: str, registry: Registry) -> str:
    department = registry.workorders.departments.get(name)
    return f"urn:uscc:{department.uscc}" if department is not None and department.uscc else _id("agent", name)


def _agent(name: str, registry: Registry) -> Node:
    department = registry.workorders.departments.get(name)
    code = department.uscc if department is not None else None
    return {
        "@id": _agent_id(name, registry),
        "@type": ["foaf:Agent", "foaf:Organization"],
        "foaf:name": _zh(name),
        **({"dct:identifier": code} if code else {}),
    }


def _catalogue(made: Catalogue, registry: Registry, title: str) -> Node:
    return {
        "@id": _id("catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": _zh(title),
        "dct:description": _zh("由数据标准和最近一夜的结果生成；不含任何一条记录的值"),
        "dct:publisher": _ref(_agent_id(_bureau(registry), registry)),
        "dct:language": _ref("http://publications.europa.eu/resource/authority/language/ZHO"),
        "dcat:themeTaxonomy": _ref(_id("themes")),
        "dcat:dataset": [_ref(_id("dataset", entry.dataset.name)) for entry in made.entries],
    }


def _themes(made: Catalogue) -> list[Node]:
    names = sorted({(entry.declared.classified.kind, entry.declared.classified.item) for entry in made.entries})
    scheme: Node = {"@id": _id("themes"), "@type": "skos:ConceptScheme", "dct:title": _zh("信息资源分类")}
    concepts = [_concept(_id("theme", *name), "/".join(name), _id("themes")) for name in names]
    return [scheme, *concepts]


def _concept(name: str, label: str, scheme: str) -> Node:
    return {"@id": name, "@type": "skos:Concept", "skos:prefLabel": _zh(label), "skos:inScheme": _ref(scheme)}


def _sharing_scheme() -> list[Node]:
    """Sharing is among offices: unconditional sharing is not public, so the classes are a scheme of their own."""
    scheme: Node = {"@id": _id("sharing"), "@type": "skos:ConceptScheme", "dct:title": _zh("政务数据共享类型")}
    names = {code: f"{CLASS_NAMES[kind]}共享" for kind, code in SHARING_CODES.items()}
    rights = [_concept(f"{SHARING}{code}", name, _id("sharing")) for code, name in names.items()]
    return [scheme, *({**right, "@type": ["skos:Concept", "dct:RightsStatement"]} for right in rights)]


def _metrics() -> list[Node]:
    told = {"a": "满足要求的元素数（GB/T 36344 的 A）", "b": "被评价的元素数（GB/T 36344 的 B）"}
    return [
        {
            "@id": f"{METRIC}{name}",
            "@type": "dqv:Metric",
            "skos:definition": _zh(text),
            "dqv:expectedDataType": _ref("xsd:integer"),
        }
        for name, text in told.items()
    ]


def _dataset(entry: Entry, registry: Registry) -> list[Node]:
    dataset, declared, holding, line = entry.dataset, entry.declared, entry.holding, entry.line
    name = _id("dataset", dataset.name)
    department = registry.workorders.departments.get(dataset.owner)
    rights = [text for text in (line["sharing_condition"], line["sharing_basis"], line["opening_condition"]) if text]
    opened = declared.opening == "unconditional"
    node: Node = {
        "@id": name,
        "@type": "dcat:Dataset",
        "dct:title": _zh(line["title"]),
        "dct:description": _zh(line["summary"]),
        "dct:identifier": declared.code,
        "dct:publisher": _ref(_agent_id(dataset.owner, registry)),
        "dcat:contactPoint": {
            "@id": f"{name}:contact",
            "@type": "vcard:Organization",
            "vcard:fn": dataset.owner + (f" {department.contact}" if department and department.contact else ""),
        },
        "dcat:theme": _ref(_id("theme", declared.classified.kind, declared.classified.item)),
        "dcat:keyword": [_zh(word) for word in dict.fromkeys((dataset.domain, *declared.subjects, *declared.matters))],
        "dct:accrualPeriodicity": _ref(FREQUENCY + FREQUENCIES[entry.frequency]),
        "dct:spatial": {"@id": f"{name}:place", "@type": "dct:Location", "skos:prefLabel": _zh(declared.area)},
        "dct:temporal": _period(entry, name),
        "dct:issued": _date(line["issued"]),
        "dct:accessRights": _ref(PUBLIC if opened else f"{SHARING}{SHARING_CODES[dataset.sharing]}"),
        "dct:conformsTo": _schema(entry, registry, name),
        "dcat:version": dataset.version,
        "adms:identifier": {"@id": f"{name}:code", "@type": "adms:Identifier", "skos:notation": declared.code},
    }
    if holding.snapshot is not None:
        node["dct:modified"] = _date(holding.snapshot.isoformat())
        node["dcat:distribution"] = _distribution(entry, name)
    if rights:
        node["dct:rights"] = {
            "@id": f"{name}:rights",
            "@type": "dct:RightsStatement",
            "skos:prefLabel": _zh("；".join(rights)),
        }
    if holding.quality is not None:
        node["dqv:hasQualityMeasurement"] = [
            _measured(name, part, value) for part, value in (("a", holding.quality.a), ("b", holding.quality.b))
        ]
    if made_of := registry.inputs(dataset.name):
        node["prov:wasDerivedFrom"] = [_ref(_id("dataset", table)) for table in made_of]
    return [node]


def _period(entry: Entry, name: str) -> Node:
    period = entry.declared.period
    made: Node = {"@id": f"{name}:period", "@type": "dct:PeriodOfTime", "dcat:startDate": _date(period.since)}
    return {**made, **({"dcat:endDate": _date(period.until)} if period.until else {})}


def _measured(name: str, part: str, value: int) -> Node:
    return {
        "@id": f"{name}:quality:{part}",
        "@type": "dqv:QualityMeasurement",
        "dqv:isMeasurementOf": _ref(f"{METRIC}{part}"),
        "dqv:computedOn": _ref(name),
        "dqv:value": {"@value": value, "@type": "xsd:integer"},
    }


def _distribution(entry: Entry, name: str) -> Node:
    holding = entry.holding
    made: Node = {
        "@id": f"{name}:distribution",
        "@type": "dcat:Distribution",
        "dct:title": _zh(f"{entry.line['title']} {holding.snapshot}"),
        "dcat:accessURL": _ref(_id("table", entry.line["resource"])),
        "dcat:mediaType": _ref(PARQUET),
        "dct:identifier": holding.snapshot_id,
        "dcat:byteSize": {"@value": holding.size, "@type": "xsd:nonNegativeInteger"},
    }
    if holding.sha256 is not None:
        made["spdx:checksum"] = {
            "@id": f"{name}:checksum",
            "@type": "spdx:Checksum",
            "spdx:algorithm": _ref("spdx:checksumAlgorithm_sha256"),
            "spdx:checksumValue": {"@value": holding.sha256, "@type": "xsd:hexBinary"},
        }
    return made


def _schema(entry: Entry, registry: Registry, name: str) -> Node:
    """The items, as CSV on the Web describes a table's columns; codes lead to their code set."""
    return {
        "@id": f"{name}:schema",
        "@type": ["csvw:Schema", "dct:Standard"],
        "csvw:column": {"@list": [_column(item, registry, name) for item in entry.items]},
        "csvw:primaryKey": list(entry.dataset.key),
    }


def _column(item: Mapping[str, Any], registry: Registry, name: str) -> Node:
    element = registry.elements[item["element"]]
    made: Node = {
        "@id": f"{name}:item:{item['name']}",
        "@type": "csvw:Column",
        "csvw:name": item["name"],
        "csvw:title": _zh(item["title"]),
        "csvw:datatype": _ref(DATATYPES.get(element.type, "xsd:string")),
        "csvw:required": item["nullable"] == "否",
        "csvw:propertyUrl": _ref(_id("element", element.id)),
        "dct:accessRights": _zh(item["sharing"]),
    }
    if element.code_set:
        made["dct:conformsTo"] = _ref(_id("codes", element.code_set))
    return made
