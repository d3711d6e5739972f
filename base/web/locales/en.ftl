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
web-group-people = People
web-search = Search
web-search-label = Search for a name, an address, a URL, a hash or a decision
web-search-hint = Name, address, URL, hash or D-number
web-sign-in = Sign in
web-sign-out = Sign out
web-role-public = public
web-role-member = member
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
web-sign-in-key-card = With an API key
web-passkey-card = With a passkey
web-passkey-sign-in = Sign in with a passkey
web-passkey-refused = The browser brought no passkey: it was cancelled, took too long, or there is none for this portal on this device. Try again, or use another device.
web-passkey-missing = This browser has no passkeys. Use a newer one, or sign in with a key.
web-passkey-script = A passkey needs JavaScript for the moment of signing in: allow it for this portal, or sign in with an API key. Everything else works without.
web-passkey-elsewhere = A passkey works at one address alone. Sign in there:
web-passkey-nowhere = Passkeys cannot be used here yet: whoever runs the server sets portal.public_url to the HTTPS address of this portal.
web-confirm = Confirm that it is you
web-confirm-lead = This takes a fresh proof, in case somebody else sits at your desk. It holds for five minutes.
web-confirm-card = With your passkey
web-confirm-button = Confirm and go on
web-confirm-key = You signed in with a key or a link, which proves it at sign-in alone. Sign out, sign in again, and do it within five minutes.
web-confirm-refused = this takes a fresh proof of who you are, and a key with scopes is none
web-confirm-refused-next = a person does it in the portal, with their passkey; whoever owns the data folder, with “sipar” on its command line
web-provider-card = With your organisation's own sign-on
web-sign-in-provider = Sign in with { $provider }
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

# What was refused. Programs read these too: lower case, no full stop.
web-no-chance = the system gave no random bytes; try again
web-elsewhere = the request does not come from this portal
web-elsewhere-next = send the form from the portal's own page; a program sends an API key (`Authorization: Bearer sipar_...`) or the portal's own `Origin`
web-policy = The policy that refused it:
web-needs-role = this takes the role { $least }; yours is { $role }
web-and-next = ;{" "}
web-field-bad = the field `{ $field }` is missing, or what stands in it does not fit

web-wrong-nothing = there is nothing to look up; give a name, an address, a network, a URL, a hash or a mail address
web-wrong-single-label = `{ $given }` is a single word; give a name with a dot, an address, a URL, a hash or a mail address
web-wrong-no-scheme = `{ $given }` has a path but no scheme; write `http://` or `https://` in front, or leave out the path
web-wrong-name-empty = the name is empty
web-wrong-name-long = name `{ $name }` is longer than 253 characters (RFC 1035 §2.3.4)
web-wrong-name-label-long = name `{ $name }` has a label longer than 63 characters (RFC 1035 §2.3.4)
web-wrong-name-label-empty = name `{ $name }` has an empty label; write one dot between labels and none in front
web-wrong-name-character = name `{ $name }` has the character `{ $character }`; use letters, digits, hyphens, underscores and dots
web-wrong-name-idna = name `{ $name }` is not a valid internationalised name (UTS 46)
web-wrong-name-number = name `{ $name }` ends in a number, so programs read it as an address; list it as an address, in four decimals
web-wrong-address-empty = the address is empty
web-wrong-address-odd = address `{ $given }` is IPv4 in a notation that programs read differently; write four decimals such as `192.0.2.1`
web-wrong-address-zone = address `{ $given }` names a zone, which has a meaning on one machine only; leave out `%` and what follows
web-wrong-address-not = `{ $given }` is not an IP address
web-wrong-address-length = network `{ $given }` needs a prefix length from 0 to { $max } in plain decimals after the slash
web-wrong-address-bits = network `{ $given }` has bits set beyond its length; write `{ $network }` for the network or `{ $single }` for the one address
web-wrong-asn = `{ $given }` is not an autonomous system number; write `AS` and a number up to 4294967295
web-wrong-url = URL `{ $given }` is not valid
web-wrong-url-long = URL `{ $given }` is longer than 8192 bytes
web-wrong-url-scheme = URL `{ $given }` does not start with `http://`, `https://` or `ftp://`
web-wrong-url-control = URL `{ $given }` has a control character in it
web-wrong-url-no-host = URL `{ $given }` names no host
web-wrong-url-host-name = URL `{ $given }` has a host that is not a valid name
web-wrong-url-host-address = URL `{ $given }` has a host that is not a valid address
web-wrong-url-port = URL `{ $given }` has a port that is not a number up to 65535
web-wrong-hash-length = hash `{ $given }` has { $digits } characters; MD5 has 32, SHA-1 has 40 and SHA-256 has 64 hexadecimal digits
web-wrong-hash-hex = hash `{ $given }` has a character that is not a hexadecimal digit
web-wrong-mail-at = `{ $given }` has no `@`; write `name@domain`, or `@domain` for all its senders
web-wrong-mail-quoted = mail address `{ $given }` has a quoted local part, of which many spellings mean the same; leave it out or list the domain
web-wrong-mail-long = mail address `{ $given }` is too long: 64 octets before the `@` and 254 in all (RFC 5321 §4.5.3.1)
web-wrong-mail-local = mail address `{ $given }` has a local part that is not letters, digits, single dots and !#$%&'*+-/=?^_`{"{"}|{"}"}~ (RFC 5321 §4.1.2)
web-wrong-mail-literal = mail address `{ $given }` names a server by its address; list the address itself
web-wrong-mail-domain = mail address `{ $given }` has a domain that is not valid
