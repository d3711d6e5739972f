# Threat data

intel-nav-feeds = Feeds
intel-nav-warning = Warning lists
intel-now = now

intel-feeds = Feeds
intel-feeds-lead = Where threat data comes from, how each source does, and what it alone brings.
intel-feeds-caption = Feeds by name
intel-feed = Feed
intel-health = Health
intel-health-good = well
intel-health-new = not pulled yet
intel-health-held = held
intel-health-failing = { $n ->
    [one] failed once
   *[other] failed { $n } times in a row
}
intel-applied = Last applied
intel-never-applied = never
intel-next = Next pull
intel-next-at = next
intel-things = Things named
intel-met = Met in the country while listed, in { $days } days
intel-met-hits = Times met, in { $days } days
intel-alone = Named by nobody else
intel-no-feeds = No feeds yet
intel-no-feeds-next = Add a ready feed below, or on the command line with: sipar feed add
intel-overlap = What feeds share
intel-overlap-caption = Share of each row's feed that stands in the column's feed too, counted { $when }

intel-held-title = { $feed } is held for a person
intel-held-look = Look at it
intel-held-next = Nothing of it has been applied; the last good state goes on serving. Apply it if it is right, or discard it.
intel-held-refused = The lines that were refused
intel-held-apply = Apply it
intel-held-discard = Discard it

intel-add-title = Add a feed
intel-add-format = Ready feed or format
intel-add-origin = Address
intel-add-origin-hint = Leave it empty for the publisher's own. It starts with https://
intel-add-slug = Short name
intel-add-slug-hint = Leave it empty for the ready one. Small letters, digits and hyphens.
intel-add = Add

intel-edit = Change this feed
intel-edit-title = Title
intel-edit-origin-hint = Leave it empty to keep the present one. It starts with https://
intel-edit-family-hint = Sources that copy one another share a family, and count once.
intel-edit-trust = Trust, in percent
intel-edit-every = Minutes between pulls
intel-edit-save = Save
intel-remove = Remove this feed
intel-remove-about = What it said is taken back. What was blocked by its word stays until its own end, or until somebody undoes it.
intel-remove-reason = Reason
intel-remove-reason-hint = Why its data no longer count, in 10 to 1,000 characters.

intel-last-error = The last pull failed
intel-pull-now = Pull now
intel-origin = Comes from
intel-every = Pulled
intel-every-minutes = { $n ->
    [one] every minute
   *[other] every { $n } minutes
}
intel-family = Family
intel-allowed = Says itself what must not be blocked
intel-allowed-entries = { $n } entries
intel-ca-file = Certificates of
intel-trust = Trust
intel-publisher = Publisher
intel-licence = Licence
intel-course = Rows taken in each run
intel-course-about = The last run brought { $n } rows.
intel-rows = rows
intel-quality = Quality
intel-runs = Runs, the newest first
intel-started = Started
intel-outcome = Outcome
intel-outcome-running = running
intel-outcome-applied = applied
intel-outcome-held = held
intel-outcome-failed = failed
intel-outcome-interrupted = interrupted
intel-accepted = Taken
intel-refused = Refused
intel-fresh = New
intel-changed = Changed
intel-withdrawn = Taken back
intel-no-runs = It has not been pulled yet
intel-no-runs-next = It is due; this page shows the run once it has begun.

intel-refused-lines = Refused lines
intel-refused-caption = { $n } lines were refused, { $kept } of them are kept here
intel-line = Line
intel-reason = Reason
intel-excerpt = Start of the line
intel-none-refused = No line was refused
intel-none-refused-next = Every line of this run could be read.

intel-warning-lists = Warning lists
intel-warning-lead = What must not be blocked, or not without a person, whatever the feeds say.
intel-warning-caption = { $n } entries, built { $when }
intel-warning-list = List
intel-warning-does = What it does
intel-warning-why = Why
intel-warning-entries = Entries
intel-warning-version = Version
intel-warning-hits = Warning lists that touch it
intel-warning-what = What warning lists do
intel-no-warning = No warning list has been built yet
intel-no-warning-next = Our own are built within a minute of the start. Add MISP's as a feed.

intel-score = Score
intel-score-unit = points of 100
intel-score-curve = Score over time, 30 days back and 90 days on
intel-score-threshold = worth acting on
intel-score-falls = If nothing more is seen, the score of { $score } falls below the threshold on { $day }.
intel-score-below = A score of { $score } is below the threshold: too old or too unsure to act on.
intel-assertions = What sources say
intel-assertions-caption = One line for each source and category
intel-source = Source
intel-category = Category
intel-confidence = Confidence
intel-first-seen = First seen
intel-last-seen = Last seen
intel-tlp = May be shared
intel-reference = Reference
intel-taken-back = taken back

intel-feeds-well = Feeds that are well
intel-feeds-held = Feeds held for a person
intel-things-named = Things named by feeds
intel-unit-feeds = feeds
intel-unit-things = things, each counted once a feed
intel-of-feeds = of { $n } feeds
intel-alone-share = { $share } named by one feed alone
fault-feed-failing = Feed “{ $subject }” cannot be taken in
fault-feed-failing-mend = Read the error, see whether its server and address are still right, and change the feed on its page or pull it again with `sipar feed pull { $subject }`. Until then what it said last stays in use.
fault-feed-held = Feed “{ $subject }” waits for a person
fault-feed-held-mend = Look at the feed's page: if the change is meant, apply it there; if not, discard it. Until then what it said last stays in use.
intel-as-they-come = as they come

# What is refused. Programs read these too: lower case, no full stop.
intel-refused-no-format = there is no feed format `{ $name }`; there are: { $known }
intel-refused-no-feed = there is no feed `{ $name }`; `sipar feed list` shows those that exist
intel-refused-exists = there is a feed `{ $name }` already; give this one another name
intel-refused-busy = the feed `{ $name }` is being taken in at this moment; look at it again in a minute
intel-refused-not-held = nothing of the feed `{ $name }` is held
intel-refused-address = `{ $url }` is no address of a feed; give a path, or a URL that starts with `https://` or `http://`
intel-refused-fetch = cannot fetch the feed `{ $name }`: { $why }
intel-refused-parse = cannot read the feed `{ $name }`: { $why }
intel-refused-name = `{ $name }` is no name for a feed; use 1 to 64 of `a-z`, `0-9` and `-`
intel-refused-reports-address = reports come by themselves; they have no address
intel-refused-reports = reports come by themselves; there is nothing to pull
intel-refused-trust = trust goes from 0 to 100, and the pause from 1 minute to 31 days
intel-refused-long = title, family and address have at most { $max } characters
intel-refused-reason = give a reason of { $min } to { $max } characters; it says why these data no longer count
intel-refused-number = `{ $given }` is no whole number here
intel-refused-admin-private = only an administrator may let a feed be on a private network
intel-refused-admin-move = only an administrator may move a feed that may be on a private network
intel-refused-admin-authority = only an administrator may say whose certificates a feed's server may show
intel-refused-admin-add = only an administrator may add a feed on a private network, or with authorities of its own
intel-refused-path = a path on the server can be added on its command line alone
intel-refused-path-next = give an address that starts with https://, or use `sipar feed add`
