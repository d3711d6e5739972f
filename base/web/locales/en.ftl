# The frame's own words. Areas put their name in front of each key; these say `web-`.

web-name = Sipar
web-skip = Skip to the content
web-nav = Main menu
web-crumbs = The way here
web-group-overview = Overview
web-group-threats = Threat data
web-group-decisions = Decisions
web-group-enforcement = Enforcement
web-group-warning = Early warning
web-group-public = For the public
web-search = Search
web-search-label = Search for a name, an address, a URL, a hash or a decision
web-search-hint = Name, address, URL, hash or D-number
web-sign-in = Sign in
web-sign-out = Sign out
web-role-public = public
web-role-reader = reader
web-role-analyst = analyst
web-role-admin = admin
web-run-by = Run by { $organisation }
web-contact = Ask or object
web-zone = Times in { $zone }
web-privacy = Queries are not recorded.
web-to-start = To the first page

web-sign-in-key = API key
web-sign-in-key-hint = It begins with sipar_ and was shown once, when it was made.
web-sign-in-key-bad = Nobody holds this key now. Check that it is whole, or ask the operator for a new one.
web-sign-in-no-key = Most of this portal is open to everybody. A key is for those who run it: ask the operator.
web-sign-in-link = This link signs you in once.
web-sign-in-link-bad = The link was used already or has expired
web-sign-in-link-next = Ask for a new one. Whoever runs the server makes one on its command line.

web-category-malware = malware
web-category-c2 = command and control
web-category-phishing = phishing
web-category-fraud = fraud
web-severity-low = low
web-severity-medium = medium
web-severity-high = high
web-severity-critical = critical
web-action-block = block
web-action-allow = allow
web-warning-inform = for information
web-warning-lower = lowers the score
web-warning-review = a person must agree
web-warning-never = never blocked
web-verdict-blocked = blocked
web-verdict-allowed = allowed
web-verdict-unlisted = not listed

web-share = { $part } of { $whole }
web-field-error = Error:
web-field-optional = (optional)
web-progress = { $done } { $unit } so far
web-progress-of = { $done } of { $total } { $unit }
web-pager = Pages
web-pager-back = Back
web-pager-on = Next
web-pager-range = { $first } to { $last } of { $total }
web-copy = Copy
web-copied = Copied

web-proof-title = Ledger proof
web-proof-entry = Entry { $index } of the public ledger, proved in a tree of { $size }
web-proof-origin = Ledger
web-proof-leaf = Leaf hash
web-proof-root = Root hash
web-proof-path = { $n ->
    [one] One hash leads from the leaf to the root
   *[other] { $n } hashes lead from the leaf to the root
}
web-proof-checkpoint = Signed checkpoint
web-proof-check = Check it without us:
web-proof-file = The proof as a file

web-chart-table = The numbers as a table
web-chart-time = Time
web-chart-none = Nothing to show for this time yet
web-chart-every = One row in { $n } is shown.

web-just-now = just now
web-in-moments = in a moment
web-ago-minutes = { $n ->
    [one] 1 minute ago
   *[other] { $n } minutes ago
}
web-ago-hours = { $n ->
    [one] 1 hour ago
   *[other] { $n } hours ago
}
web-ago-days = { $n ->
    [one] 1 day ago
   *[other] { $n } days ago
}
web-in-minutes = { $n ->
    [one] in 1 minute
   *[other] in { $n } minutes
}
web-in-hours = { $n ->
    [one] in 1 hour
   *[other] in { $n } hours
}
web-in-days = { $n ->
    [one] in 1 day
   *[other] in { $n } days
}
web-date-time = { $date }, { $time }
web-month-1 = January
web-month-2 = February
web-month-3 = March
web-month-4 = April
web-month-5 = May
web-month-6 = June
web-month-7 = July
web-month-8 = August
web-month-9 = September
web-month-10 = October
web-month-11 = November
web-month-12 = December
web-month-short-1 = Jan
web-month-short-2 = Feb
web-month-short-3 = Mar
web-month-short-4 = Apr
web-month-short-5 = May
web-month-short-6 = Jun
web-month-short-7 = Jul
web-month-short-8 = Aug
web-month-short-9 = Sep
web-month-short-10 = Oct
web-month-short-11 = Nov
web-month-short-12 = Dec

web-error-400 = The request cannot be read
web-error-400-next = Go back, check what you entered, and send it again.
web-error-401 = Sign in first
web-error-401-next = This page is for those who run this portal. Sign in with your key and open it again.
web-error-403 = You may not do this
web-error-403-next = If your work needs it, ask the operator for a key with the right role.
web-error-404 = There is nothing at this address
web-error-404-next = Check the address, or search for what you need above.
web-error-405 = This address does not work that way
web-error-405-next = Open it from the portal's own pages.
web-error-408 = The request took too long to arrive
web-error-408-next = Check your connection and send it again.
web-error-409 = Somebody else was faster
web-error-409-next = Load the page again, look at what has changed, and decide anew.
web-error-410 = This is no longer here
web-error-410-next = Search for what you need above.
web-error-413 = That is too large
web-error-413-next = Send less at a time.
web-error-415 = That kind of content is not understood here
web-error-415-next = Send it from the portal's own form.
web-error-422 = Something in it does not hold
web-error-422-next = Go back, correct it, and send it again.
web-error-429 = Too many requests
web-error-429-next = Wait a minute and try again.
web-error-500 = Something went wrong on our side
web-error-500-next = It has been logged. Try again; if it happens twice, tell the operator what you did and when.
web-error-503 = This does not work right now
web-error-503-next = Blocking and warnings go on working. Try again in a few minutes.
web-error-504 = The answer took too long
web-error-504-next = Try again in a minute, or ask for less at a time.
web-error-507 = The disk is full
web-error-507-next = Nothing of this was kept. What was kept before is safe, and blocking goes on. Free some space on the disk of the data folder, then try again.
web-error-4xx = The request was refused
web-error-4xx-next = Go back, check it, and try again.
web-error-5xx = The server could not answer
web-error-5xx-next = Try again in a few minutes.
