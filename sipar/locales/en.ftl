# The house's own words.

house-nav-overview = Overview
house-overview = Overview
house-overview-lead = What came in, what was decided, and what is enforced.
house-look-up-none = Nothing is known of it
house-look-up-none-next = No source speaks of it and nobody decided on it. That is not a verdict that it is harmless.
house-search = Search
house-search-exact = Everything about
house-search-none = Nothing was found
house-search-none-next = Search for a name, an address, a URL, a file hash or a decision's number.
house-kind-domain = A name, with everything under it
house-kind-address = An address
house-kind-prefix = A network
house-kind-url = A URL
house-kind-file = A file
house-kind-mail = A mail sender
house-kind-asn = An autonomous system
house-kind-name-server = Name servers, for all that they answer for
fault-job-failing = A job fails: { $subject }
fault-job-failing-mend = Read the detail; the server's log has the same. It is tried again by itself, and what was there stays in use. A full disk needs space, a store that refuses needs its database.
fault-fact-not-taken = { $subject } cannot take what the others tell it
fault-fact-not-taken-mend = It is told again until it can, and nothing is lost. Read the detail; if it is about the disk or the database, mend that, otherwise report it as a defect.
fault-ledger-unpublished = The public ledger is not published
fault-ledger-unpublished-mend = Its entries are kept and wait. Read the detail: mostly the disk is full, or somebody else has written into the ledger's folder; then run `sipar ledger verify`.
fault-edge-refused = The edges refused a file: { $subject }
fault-edge-refused-mend = They answer from the last good one. Somebody may have damaged or replaced the file: see who, then run `sipar snapshot build`.
