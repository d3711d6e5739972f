notices-nav = Notices
notices-title = Notices
notices-lead = What owners were told of things of theirs, once for each severity and time, until somebody says that they know. A notice that nobody acknowledges is reminded of once, and then told to whoever stands above.
notices-tabs = Open or over
notices-open = Open
notices-over = Over
notices-party = Party
notices-party-hint = A short name as the register has it, to see one party's alone.
notices-find = Show
notices-open-caption = Open, the worst first
notices-over-caption = Over, the latest first
notices-number = Number
notices-severity = How bad
notices-things = Things in it
notices-state = State
notices-made = Made
notices-next = Next due
notices-none = There is none.
notices-none-next = Notices are made of exposures: what feeds list and somebody owns. A party needs a contact in the register to be told.
notices-all = All notices that nobody has acknowledged
notices-open-now = { $n ->
    [one] One notice has not been acknowledged
   *[other] { $n } notices have not been acknowledged
}
notices-send = Send now
notices-send-about = Tells owners of everything that waits, whatever the clocks and the hours of their contacts say.
notices-send-now = Send what waits
notices-state-made = to be sent
notices-state-sent = sent
notices-state-reminded = reminded
notices-state-escalated = escalated
notices-state-acknowledged = acknowledged
notices-state-settled = nothing left
notices-sent = Their mail server took it
notices-unreachable = Reached nobody there
notices-reminded = Reminded
notices-escalated = Told to who stands above
notices-escalated-to = Who that is
notices-acknowledged = Acknowledged
notices-acknowledged-by = By
notices-error = What failed last
notices-acknowledge = They know
notices-acknowledge-about = If somebody there has told you that they know, by telephone perhaps, say so here: no reminder goes out, and nobody above is told.
notices-in-it = What is in it
notices-in-it-caption = The things, as they are now
notices-csv = All of it as CSV
notices-what = What is wrong
notices-first-seen = First seen
notices-last-seen = Last seen
notices-gone = no source says it any more
notices-thing-open = open
notices-thing-notified = owner told
notices-thing-acknowledged = acknowledged
notices-thing-being-fixed = being fixed
notices-thing-fix-claimed = said to be fixed
notices-thing-fixed = fixed and verified
notices-thing-accepted = accepted
notices-thing-false-positive = false positive
notices-measures = What telling owners has come to
notices-measures-lead = Things, not letters: what owners had to be told, and what became of it. By the month in which the notice was made, for twelve months.
notices-measures-caption = By month and severity; times are medians, in hours
notices-measures-none = No owner had to be told anything in the last twelve months.
notices-month = Month
notices-measure-things = Things to tell
notices-measure-delivered = Delivered
notices-measure-acknowledged = Acknowledged
notices-measure-fixed = Fixed and verified
notices-measure-reappeared = Came back
notices-measure-to-deliver = Hours to deliver
notices-measure-to-acknowledge = Hours to acknowledge
notices-measure-to-fix = Hours to fix
notices-door = A notice to your organisation
notices-door-about = Notice N-{ $number } tells of { $n ->
    [one] one thing
   *[other] { $n } things
} that your organisation owns or is responsible for. How bad it is:
notices-door-ask = The letter says what is wrong and what to do about it. With this you say that you have read it; it does not say that anything is mended.
notices-door-know = We know
notices-door-known = Somebody has said that you know
notices-door-next = Thank you. Nobody is reminded of this notice. Each thing stays open until it is mended and no source sees it any more.
notices-door-settled = Nothing is left to do about this notice.

# Letters. `reader` is who gets it, `party` whose things they are.
notices-letter-first-subject = { $severity } warning for { $party }: { $n ->
    [one] one thing
   *[other] { $n } things
}
notices-letter-first = TLP:{ $tlp }. To { $reader }.
    
    { $organisation } tells you of { $n ->
        [one] one thing that is
       *[other] { $n } things that are
    } wrong with what { $party } owns. How bad: { $severity }. Notice N-{ $number } of { $made }.
    
    Below stands what is wrong with what, and what to do. The attachments have the same for programs.
notices-letter-reminder-subject = Reminder: { $severity } warning for { $party }
notices-letter-reminder = TLP:{ $tlp }. To { $reader }.
    
    Nobody has acknowledged notice N-{ $number } of { $made } yet ({ $severity }). It told of { $all } things of { $party }; we have looked again, and { $n ->
        [one] one of them is
       *[other] { $n } of them are
    } still seen and unanswered. If nobody acknowledges it, { $organisation } tells whoever stands above you.
notices-letter-escalation-subject = { $party } does not answer a { $severity } warning
notices-letter-escalation = TLP:{ $tlp }. To { $reader }.
    
    { $party } stands under you, or is in your sector, and has not acknowledged notice N-{ $number } of { $made } ({ $severity }), nor a reminder. { $n ->
        [one] One thing of theirs is
       *[other] { $n } things of theirs are
    } still seen and unanswered. { $organisation } asks you to reach them.
notices-letter-unreachable-subject = { $party } cannot be reached about a { $severity } warning
notices-letter-unreachable = TLP:{ $tlp }. To { $reader }.
    
    { $party } stands under you, or is in your sector, and the register has no contact of theirs that takes letters. Notice N-{ $number } of { $made } ({ $severity }) tells of { $n ->
        [one] one thing of theirs
       *[other] { $n } things of theirs
    }. { $organisation } asks you to reach them, and to tell us a contact.
notices-letter-unseen = { $unseen ->
    [one] One other thing is
   *[other] { $unseen } other things are
} no longer seen by any source. That is no word on whether it is mended; you are not reminded of it.
notices-letter-answer = To say that you know, open this address and confirm. Opening it changes nothing yet, and nothing else is needed to stop reminders:
notices-letter-more = and { $n } more, in the attachments.
notices-letter-end = This letter was written by a program of { $organisation }; nobody reads answers to it. Questions: { $contact }

fault-notice-unreachable = No contact of { $subject } takes letters
fault-notice-unreachable-mend = Enter a contact of that party in the register, with an address that takes mail; who stands above has been told, if there is anybody.
fault-notice-address-failing = An address of { $subject } refuses letters
fault-notice-address-failing-mend = Ask that party for the right address, and mend its contact in the register. The address is tried again after a week.
fault-notice-unsent = Notice { $subject } does not go out
fault-notice-unsent-mend = See what the mail server said, and `sipar mail test`. The letter is tried again, with growing pauses.
fault-notice-no-mail = Owners wait to be told, and no mail server is set
fault-notice-no-mail-mend = Set `server` and `from` under [mail] in the configuration, and try it with `sipar mail test ADDRESS`.
fault-notice-webhook-failing = The program of { $subject } takes no notices
fault-notice-webhook-failing-mend = Tell that party; what is older than three days is passed over, and its notices are still in letters, on the portal and in its feed. Set another address with `sipar notice webhook set`, or remove it.

# What is refused. Programs read these too: lower case, no full stop.
notices-refused-none = there is no notice { $number }
notices-refused-state = `state` is open or over, not `{ $given }`
notices-refused-party = `{ $given }` is no short name of a party; `sipar party list` shows those that there are
notices-refused-over = { $number } is over: somebody has acknowledged it, or nothing of it is left
notices-refused-code = nobody was given this address; open the one in the letter, whole
notices-refused-knocks = too many wrong addresses came from your network; try again in an hour
notices-refused-url = that is no address of a program; write one like `https://soc.example.org/sipar`, at most 1,000 characters
notices-refused-url-scheme = a program is told over `https` alone
notices-refused-url-more = leave out user, password and fragment; deliveries are signed with a secret of their own
notices-refused-full = there are { $max } programs to tell, as many as are taken; remove one first
notices-refused-no-channel = there is none for `{ $given }`
