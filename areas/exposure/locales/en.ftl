exposure-nav = Exposures
exposure-title = Exposures
exposure-lead = What sources say is wrong with things that parties own. Gone from the sources is not mended: an exposure ends when its owner has mended it and it stays quiet, lives with it until a date, or shows that it never was so.
exposure-tabs = Open or over
exposure-open = Open
exposure-over = Over
exposure-unit = exposures
exposure-now = now
exposure-of-all = of { $n }
exposure-party = Party
exposure-party-hint = A short name as the register has it, to see one party's alone.
exposure-find = Show
exposure-open-caption = Open, the worst first
exposure-over-caption = Over, the worst first
exposure-panel-caption = What is or was wrong with it
exposure-number = Number
exposure-severity = How bad
exposure-what = What is wrong
exposure-state = State
exposure-first-seen = First seen
exposure-last-seen = Last seen
exposure-none = There is none.
exposure-none-next = What feeds list is matched with what the register says who owns. Register parties and what they own to be able to warn them.
exposure-all = All exposures and what to do
exposure-open-now = { $n ->
    [one] One thing that a party owns is exposed
   *[other] { $n } things that parties own are exposed
}
exposure-fix = What to do
exposure-retest = Once it is said to be mended, it is tested again: it counts as fixed when no source sees it for { $n ->
    [one] one day
   *[other] { $n } days
}.
exposure-do = Do something
exposure-sources = Who saw it
exposure-sources-caption = Sources, the latest first
exposure-source = Family of sources
exposure-history = What became of it
exposure-evidence = How sure
exposure-evidence-certain = certain: several sources that do not copy one another
exposure-evidence-likely = likely: sources of one family
exposure-evidence-banner-only = a service says so of itself
exposure-subject = With what
exposure-asset = Owned as
exposure-times = Times it came
exposure-tlp = TLP
exposure-gone = Gone from the sources
exposure-gone-next = that is no word on whether it is mended
exposure-until = Accepted until
exposure-days = Days
exposure-days-hint = For how many days it is accepted, 366 at most.
exposure-quiet-until = Has to stay quiet until
exposure-reason = Reason
exposure-reason-hint = At most { $n } characters. It stays in the history.
exposure-state-open = open
exposure-state-notified = owner told
exposure-state-acknowledged = acknowledged
exposure-state-being-fixed = being fixed
exposure-state-fix-claimed = said to be fixed, to be tested again
exposure-state-fixed = fixed and verified
exposure-state-accepted = accepted
exposure-state-false-positive = false positive
exposure-act-acknowledge = Acknowledge
exposure-act-work = Work on it
exposure-act-claim-fix = It is mended: test again
exposure-act-accept = Accept for so many days
exposure-act-dismiss = It never was so
exposure-act-reopen = Open it again
exposure-by-sources = by what sources say
exposure-by-quiet = by staying quiet
exposure-by-end-of-acceptance = the acceptance ended

# What is refused. Programs read these too: lower case, no full stop.
exposure-refused-state = `state` is open or over, not `{ $given }`
exposure-refused-party = `{ $given }` is no short name of a party; `sipar party list` shows those that there are
exposure-refused-none = there is no exposure { $number }
exposure-refused-act = `{ $given }` is nothing that can be done; use acknowledge, work, claim-fix, accept, dismiss or reopen
exposure-refused-reason = say why
exposure-refused-reason-long = a reason is at most 1,000 characters of text, without control characters
exposure-refused-days = it is accepted for 1 to 366 days
exposure-refused-step = that cannot be done now: its state is { $state }
