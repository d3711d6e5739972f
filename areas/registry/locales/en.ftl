# The register's words.

registry-nav = Organisations
registry-nav-waiting = Waiting claims
registry-parties = Organisations
registry-lead = Who takes part and what they own, so that its owner can be warned.
registry-caption = Organisations, by title
registry-party = Organisation
registry-short-name = Short name
registry-find = Find
registry-new = A new organisation
registry-enter = Enter it
registry-save = Save
registry-change = Change this organisation
registry-parent = Stands under
registry-no-parent = nobody
registry-below = Stand under it
registry-entered = Entered
registry-act = What you can do
registry-remove = Remove
registry-more = More
registry-tier = Tier
registry-tier-national = national
registry-tier-sector = sector
registry-tier-organisation = organisation
registry-type = Type
registry-type-government = government
registry-type-regulator = regulator
registry-type-cert = response team
registry-type-provider = network operator
registry-type-company = company
registry-type-academia = university or research
registry-type-law-enforcement = law enforcement
registry-type-laboratory = laboratory or auditor
registry-type-other = other
registry-sector = Sector
registry-state = State
registry-state-held = waits for a person
registry-state-active = in force
registry-state-refused = refused
registry-held = This name looks like that of another organisation
registry-held-next = What it claims does not count until somebody has looked at it.
registry-assets = What it owns
registry-assets-count = Assets
registry-assets-caption = What it owns, in the order in which it was entered
registry-asset = Asset
registry-asset-type = Kind
registry-asset-domain = name
registry-asset-address = address
registry-asset-prefix = network
registry-asset-url = URL
registry-asset-asn = autonomous system
registry-asset-service = service
registry-asset-system = system
registry-asset-product = product
registry-asset-data-centre = data centre
registry-as-it-looks = as it looks
registry-label = Called
registry-from = From
registry-until = Until
registry-goes-on = goes on
registry-end = Ends now
registry-claim = Enter something that it owns
registry-holds = { $n ->
    [one] holds { $n } thing
   *[other] holds { $n } things
}
registry-no-assets = Nothing is entered yet
registry-no-assets-next = Enter its names and networks, so that it can be warned about them.
registry-export = All of it as CSV
registry-contacts = Contacts
registry-contacts-caption = Whom one reaches, and for what
registry-contact = Contact
registry-contact-put = Enter a contact
registry-purpose = For
registry-purpose-technical = warnings and incidents
registry-purpose-management = whoever answers for security
registry-purpose-legal = orders, law and privacy
registry-phone = Telephone
registry-language = Language
registry-language-en = English
registry-language-ur = Urdu
registry-hours = Hours
registry-holidays = Holidays
registry-no-contact = Nobody can be warned
registry-no-contact-next = Enter the mail address of a role or a desk, never of a person.
registry-keys = Keys for letters
registry-keys-caption = Keys with which letters to it can be encrypted
registry-key-add = Enter a key
registry-key-type = Kind
registry-key-smime = certificate (S/MIME)
registry-key-openpgp = OpenPGP
registry-fingerprint = Fingerprint
registry-no-key = No key yet
registry-no-key-next = Without one, letters go out as the mail servers carry them.
registry-none = No organisation is here
registry-none-next = Enter one below, import a file of them, or look for another name.
registry-owner = Owner
registry-belongs = belongs to

registry-field-q = Title or short name
registry-field-id = Short name
registry-field-id-hint = Small letters, digits and hyphens; it is never changed.
registry-field-title = Title in English
registry-field-title_ur = Title in Urdu
registry-field-tier = Tier
registry-field-type = Type
registry-field-sector = Sector
registry-field-sector-hint = One word, such as energy or finance.
registry-field-parent = Stands under
registry-field-parent-hint = The short name of the organisation over it.
registry-field-asset = Asset
registry-field-asset-hint = A name, an address, a network, a URL, an autonomous system, a service such as tcp://www.example.org:443, or a product as CPE 2.3 or package URL. Systems and data centres by their names, with their kind.
registry-field-kind = Kind
registry-field-label = What it is called there
registry-field-from = Owned from
registry-field-from-hint = Empty: from now on.
registry-field-until = Owned until
registry-field-until-hint = Empty: it goes on.
registry-field-purpose = For
registry-field-mail = Mail address
registry-field-mail-hint = Of a role or a desk, never of a person.
registry-field-name = Name of the role or desk
registry-field-phone = Telephone
registry-field-language = Language
registry-field-hours = Hours
registry-field-hours-hint = Empty: always. Or days and hours, such as mon-fri 09:00-17:00.
registry-field-holidays = Holidays
registry-field-holidays-hint = Days such as 2026-12-25, with blanks between them.
registry-field-key = Public key
registry-field-key-hint = A certificate in PEM, or an armoured OpenPGP public key. Never a private one.

registry-waiting = Waiting for a person
registry-waiting-lead = Names that look like others, and claims on what somebody else owns. They count once somebody other than who entered them agrees.
registry-waiting-count = { $n ->
    [one] { $n } matter waits for a person
   *[other] { $n } matters wait for a person
}
registry-waiting-open = Look at what waits
registry-waiting-none = Nothing waits
registry-waiting-none-next = Names that look alike and claims that collide come here by themselves.
registry-matter = Matter { $number }
registry-matter-look-alike = The name looks like that of another organisation.
registry-matter-same-thing = Two organisations claim the same thing at the same time.
registry-matter-covers = What is claimed covers something of another organisation.
registry-waits = Waits
registry-touches = Touches
registry-its-name = its name
registry-since = Since
registry-by = Who
registry-own = You entered this yourself
registry-own-next = Somebody with another key has to decide about it.
registry-reason = Why
registry-agree-look-alike = They are two: let it take part
registry-agree-same-thing = It owns this now: the other claim ends
registry-agree-covers = Both are right: let it count
registry-refuse = Refuse
registry-decided = Decided lately
registry-decided-caption = The latest decisions, with their place in the ledger
registry-number = Number
registry-why = Why it waited
registry-outcome = Outcome
registry-outcome-agreed = agreed
registry-outcome-refused = refused
registry-when = When

registry-refused = { $why }

registry-sector-government = Government
registry-sector-energy = Energy
registry-sector-finance = Finance
registry-sector-telecom = Telecommunications
registry-sector-health = Health
registry-sector-transport = Transport
registry-sector-water = Water
registry-sector-education = Education
registry-sector-defence = Defence
registry-sector-media = Media
registry-sector-industry = Industry
registry-sector-food = Food
registry-sector-justice = Justice
registry-sector-emergency = Emergency services
registry-sector-space = Space
registry-sector-research = Research

registry-not-taken = This was not taken
registry-not-taken-next = Look at what you wrote, and send it again.

registry-nav-imports = Imports
registry-imports = Imports
registry-imports-lead = Files that say who owns what. What a file would bring is shown first; nothing is changed until somebody applies it.
registry-imports-caption = The latest imports
registry-import-new = Bring a file
registry-import-how = A whole file, of any form, is brought by a command or over the API; what it would bring is then shown here.
registry-field-rows = Rows with a heading
registry-field-rows-hint = Paste them from a spreadsheet or write them with commas. The first row names the columns: party, title, asset and others.
registry-import-look = Look at them
registry-import-pasted = pasted rows
registry-import-file = File
registry-import-form = Form
registry-import-added = Added
registry-import-changed = Changed
registry-import-same = As they were
registry-import-waiting = Waiting for a person
registry-import-refused = Refused
registry-import-none = No file was brought yet
registry-import-none-next = Bring a table, a spreadsheet, a registry’s statistics, or names out of certificates.
registry-import-title = Import { $number }
registry-import-previewed = Looked at, not applied
registry-import-previewed-next = This is what the file would bring now. Apply it, or discard it.
registry-import-applied = Applied
registry-import-discarded = Discarded
registry-import-apply = Apply it
registry-import-discard = Discard it
registry-import-this-file = this file
registry-import-of-lines = { $n ->
    [one] of { $n } line that makes sense
   *[other] of { $n } lines that make sense
}
registry-import-of-all = { $n ->
    [one] of { $n } line
   *[other] of { $n } lines
}
registry-unit-parties = organisations
registry-unit-claims = claims
registry-unit-contacts = contacts
registry-unit-entries = entries
registry-unit-lines = lines
registry-import-collisions = What collides
registry-import-collisions-caption = Claims that would wait for a person
registry-import-line = Line
registry-import-refused-lines = Lines that were refused
registry-import-refused-caption = { $n ->
    [one] { $n } line was refused, with its reason
   *[other] { $n } lines were refused, each with its reason
}
registry-import-reason = Reason
registry-import-text = What stood there
registry-form-csv = table (CSV)
registry-form-xlsx = spreadsheet (XLSX)
registry-form-delegated = registry statistics
registry-form-asn-table = table of autonomous systems
registry-form-certificates = names in certificates

registry-nav-designations = Critical infrastructure
registry-designations = Critical infrastructure
registry-designations-lead = Organisations whose failure would harm the country. Each designation is a decision, stands in the ledger without the name, and is looked at anew every year.
registry-designations-caption = Designations, the first to be looked at first
registry-designations-none = Nothing is designated
registry-designations-none-next = Designate an organisation of the register, with a grade, a sector and a reason.
registry-designate = Designate
registry-grade = Grade
registry-grade-vital = vital: the country is harmed within hours
registry-grade-high = high: a sector is harmed within days
registry-grade-supporting = supporting: others rest on it
registry-review = Look at it anew
registry-review-by = To be looked at by
registry-review-overdue = overdue
registry-review-designated = designated
registry-review-confirmed = confirmed
registry-review-ended = ended
registry-ended = ended
registry-decisions = Decisions
registry-steps = { $n ->
    [one] { $n } decision
   *[other] { $n } decisions
}
registry-confirm = It goes on for a year
registry-end-designation = It ends
registry-field-grade = Grade
registry-field-reason = Why
registry-field-party = Organisation, by its short name

fault-register-waiting = Claims or names wait too long for a person
fault-register-waiting-mend = Open what waits in the register and decide, the oldest first; until then an owner may not be warned.
fault-register-full = So much waits in the register that nothing further can be taken
fault-register-full-mend = Decide what waits; if it came with one import, look at that file first.
fault-designation-overdue = Critical infrastructure was not looked at anew within a year
fault-designation-overdue-mend = Open the page of critical infrastructure and confirm or end each designation that is overdue, with the reason.
