findings-nav = Findings
findings-title = Findings
findings-lead = What is wrong now, and what to do about it. Each is looked at again every few seconds, and ends by itself once it is mended.
findings-open-caption = Open now, the worst first
findings-number = Number
findings-severity = How bad
findings-what = What is wrong
findings-mend = What to do
findings-since = Since
findings-seen = Last seen
findings-none = Nothing is wrong.
findings-none-next = Feeds, warning lists, snapshots, subscribers and the edges of this machine are looked at all the time.
findings-over = Over
findings-over-caption = Over, the latest first
findings-state = State
findings-fixed = mended
findings-lapsed = no longer looked at
findings-over-at = Over since
findings-times = Times
findings-all = All findings and what to do
findings-open = { $n ->
    [one] One thing needs somebody now
   *[other] { $n } things need somebody now
}
fault-checker-mute = Whether something is wrong with “{ $subject }” cannot be told
fault-checker-mute-mend = Read the detail and the server's log; until it can be told again, nothing of “{ $subject }” is taken to be over.

# What is refused. Programs read these too: lower case, no full stop.
findings-refused-state = `state` is open or over, not `{ $given }`
findings-refused-none = there is no finding { $number }
