# The registry's words.

registry-nav = Organisations
registry-parties = Organisations
registry-lead = Who takes part and what they own, so that its owner can be warned.
registry-caption = Organisations, by short name
registry-party = Organisation
registry-tier = Tier
registry-tier-national = national
registry-tier-sector = sector
registry-tier-organisation = organisation
registry-sector = Sector
registry-assets = What it owns
registry-assets-count = Assets
registry-contact = Security contact
registry-none = No organisation yet
registry-none-next = Import a file of organisations; the demonstration brings some.
registry-owner = Owner
registry-belongs = belongs to
