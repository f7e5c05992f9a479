/**
 * The diagram types: how each begins, what it is for, and a short example.
 */

/** One entry a type, in the order that most people need them; `type` is what Mermaid calls it. */
export const CATALOGUE = [
  entry('flowchart-v2', 'Steps and decisions', ['graph'], `
flowchart TD
  start([Order received]) --> stock{In stock?}
  stock -- yes --> ship[Ship it]
  stock -- no --> buy["Order more (2 days)"]
  buy --> ship`),
  entry('sequence', 'Messages between participants over time', [], `
sequenceDiagram
  participant C as Customer
  participant S as Shop
  C->>+S: place order
  alt paid
    S-->>C: confirmation
  else refused
    S-->>-C: reason
  end`),
  entry('classDiagram', 'Classes, their members and relations', [], `
classDiagram
  class Account {
    +String owner
    +deposit(amount) bool
  }
  Account <|-- SavingsAccount
  Customer "1" --> "*" Account : owns`),
  entry('stateDiagram', 'States and the transitions between them', ['stateDiagram'], `
stateDiagram-v2
  [*] --> Draft
  Draft --> Review : submit
  Review --> Draft : reject
  Review --> [*] : approve`),
  entry('er', 'Entities of a data model and how they relate', [], `
erDiagram
  CUSTOMER ||--o{ ORDER : places
  ORDER {
    int number PK
    string status
  }`),
  entry('gantt', 'A schedule of tasks', [], `
gantt
  title Release
  dateFormat YYYY-MM-DD
  section Build
    Design :done, design, 2026-01-05, 5d
    Code   :code, after design, 10d`),
  entry('mindmap', 'Ideas around one topic', [], `
mindmap
  root((Launch))
    Product
      Pricing
    Marketing
      Blog`),
  entry('pie', 'Shares of a whole', [], `
pie showData
  title Spending
  "Rent" : 40
  "Food" : 25
  "Other" : 35`),
  entry('timeline', 'Events in the order of time', [], `
timeline
  title Company
  2019 : Founded
  2021 : First customer : Second office`),
  entry('journey', 'Steps of a user and how they feel', [], `
journey
  title Buying a ticket
  section Search
    Find a train: 4: Traveller
  section Pay
    Enter card: 2: Traveller, Bank`),
  entry('quadrantChart', 'Items placed on two axes', [], `
quadrantChart
  title Features
  x-axis Low effort --> High effort
  y-axis Low value --> High value
  quadrant-1 Plan
  quadrant-2 Do first
  Search: [0.3, 0.8]`),
  entry('gitGraph', 'Branches and commits', [], `
gitGraph
  commit
  branch feature
  commit id: "work"
  checkout main
  merge feature`),
  entry('requirement', 'Requirements and what satisfies them', ['requirement'], `
requirementDiagram
  requirement login {
    id: 1
    text: users log in
    risk: low
    verifymethod: test
  }
  element form {
    type: page
  }
  form - satisfies -> login`),
  entry('c4', 'Architecture in the C4 model', ['C4Container', 'C4Component', 'C4Dynamic', 'C4Deployment'], `
C4Context
  title Bank
  Person(customer, "Customer", "has an account")
  System(web, "Web banking")
  Rel(customer, web, "Uses", "HTTPS")`),
  entry('architecture', 'Services of a deployment and their connections', ['architecture'], `
architecture-beta
  group cloud(cloud)[Cloud]
  service web(server)[Web] in cloud
  service db(database)[Database] in cloud
  web:R --> L:db`),
  entry('block', 'Boxes in a grid', ['block-beta'], `
block
  columns 3
  web["Web"] space db[("Database")]
  web --> db`),
  entry('kanban', 'Cards on a board', [], `
kanban
  todo[To do]
    write[Write tests]
  done[Done]
    plan[Make a plan]`),
  entry('xychart', 'Bars and lines over an axis', ['xychart-beta'], `
xychart
  title "Sales"
  x-axis [Jan, Feb, Mar]
  y-axis "Units" 0 --> 100
  bar [30, 60, 80]
  line [25, 55, 90]`),
  entry('sankey', 'Amounts that flow between nodes, as CSV', ['sankey-beta'], `
sankey
Salary,Budget,3000
Budget,Rent,1200
Budget,Savings,1800`),
  entry('packet', 'Fields of a network packet', ['packet-beta'], `
packet
  title Header
  0-15: "Source port"
  16-31: "Destination port"
  +32: "Sequence number"`),
  entry('radar', 'Several values a subject, on radial axes', [], `
radar-beta
  title Skills
  axis design["Design"], code["Code"], test["Test"]
  curve ann["Ann"]{3, 5, 4}
  max 5`),
  entry('treemap', 'A hierarchy as nested areas', ['treemap'], `
treemap-beta
"Costs"
  "Staff": 60
  "Rent": 25`),
  entry('treeView', 'A folder tree', [], `
treeView-beta
"project"
    "src"
        "main.py"
    "README.md"`),
  entry('swimlane', 'A flowchart whose subgraphs are lanes', [], `
swimlane-beta LR
subgraph Sales
  lead[Lead] --> fit{Fits?}
end
subgraph Service
  setup[Set up]
end
fit --> setup`),
  entry('usecase', 'Actors and what they do with a system', [], `
usecase-beta
actor Customer
systemBoundary Shop[Online shop]
  Browse("Browse products")
  Pay("Pay")
end
Customer --> Browse
Customer --> Pay`),
  entry('venn', 'Sets and their overlaps', [], `
venn-beta
  title Team
  set Design
  set Code
  union Design, Code["Prototyping"]`),
  entry('ishikawa', 'Causes of a problem (fishbone)', ['ishikawa'], `
ishikawa-beta
Late delivery
  People
    Too few drivers
  Process
    Orders arrive late`),
  entry('wardley', 'A value chain on the axis of evolution', [], `
wardley-beta
title Tea shop
component Customer [0.95, 0.60]
component Tea [0.75, 0.65]
component Kettle [0.45, 0.40]
Customer -> Tea
Tea -> Kettle`),
  entry('cynefin', 'Problems by how complex they are', [], `
cynefin-beta
  title Our work
  complex
    "New market"
  clear
    "Invoices"`),
  entry('eventmodeling', 'Screens, commands and events of a system over time', [], `
eventmodeling

tf 01 ui Cart
tf 02 cmd AddItem
tf 03 evt ItemAdded`),
  entry('agentflow', 'Steps of software agents', [], `
agentflow-beta
  ask[Question] --> think[Plan]
  think --> act[Call a tool]`),
  entry('railroad', 'A grammar as syntax diagrams, by functions', [], `
railroad-beta
list = sequence(nonterminal("item"), zeroOrMore(terminal(","))) ;`),
  entry('railroadEbnf', 'A grammar as syntax diagrams, in EBNF', [], `
railroad-ebnf-beta
digit = "0" | "1" ;
number = digit , { digit } ;`),
  entry('railroadAbnf', 'A grammar as syntax diagrams, in ABNF', [], `
railroad-abnf-beta
greeting = "hi" / "hello" ;`),
  entry('railroadPeg', 'A grammar as syntax diagrams, in PEG', [], `
railroad-peg-beta
greeting <- "hi" / "hello" ;`),
  entry('flowchart-elk', 'A flowchart laid out by ELK', [], `
flowchart-elk LR
  web[Web] --> api[API]
  api --> db[(Database)]`),
  entry('info', "Mermaid's version", [], `
info`),
  entry('error', "Mermaid's own error picture", [], `
error`),
];

function entry(type, description, aliases, text) {
  const example = text.trim();
  return { type, keyword: /^\S+/.exec(example)[0], aliases, description, example };
}

/**
 * The keyword that a word may have been meant to be.
 *
 * @param {string} word
 * @returns {string | null}
 */
export function findKeyword(word) {
  const wanted = word.toLowerCase();
  const keywords = CATALOGUE.flatMap(({ keyword, aliases }) => [keyword, ...aliases]);
  const ranked = keywords
    .map((keyword) => ({ keyword, distance: distance(wanted, keyword.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const begins = keywords.find((keyword) => wanted.length > 3 && keyword.toLowerCase().startsWith(wanted));
  if (ranked[0].distance <= Math.max(1, wanted.length / 4)) return ranked[0].keyword;
  return begins ?? null;
}

/** Levenshtein's distance: how many letters differ. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
