fault-subscriber-behind = Subscriber “{ $subject }” is far behind
fault-subscriber-behind-mend = Its resolvers do not take what is new. See `sipar subscriber list`, then ask its contact whether they still run, whether TCP to this server is open, and whether the key is the newest one.
