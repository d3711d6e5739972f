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
