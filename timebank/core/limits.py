"""Every bound of the product in one place, so that nothing is unlimited by accident."""

MAX_BODY_BYTES = 12 * 1024 * 1024
MAX_FORM_FIELD_BYTES = 512 * 1024
MAX_TEXT_CHARS = 2_000
MAX_NAME_CHARS = 60
MAX_PLACE_FROM_MIDDLE_M = 60_000
MAX_POSTED_MINUTES = 60 * 24 * 31
MAX_OPENING_MINUTES = 60 * 5_000
MAX_VISIT_MINUTES = 8 * 60
MAX_CREW = 6
MAX_EVENTS_PER_UPLOAD = 500
MAX_CSV_ROWS = 100_000
MAX_PHOTO_PIXELS = 40_000_000
PAGE_ROWS = 50
MAX_FORGOTTEN_AT_ONCE = 200  # people whose data are deleted in one unit of work
EARLIEST_BIRTH_YEAR = 1900
LATEST_YEAR = 2199
EARLIEST_ENTRY_YEAR = 1998  # of hours in a paper register: no time bank of the country is older
CLOCK_SKEW_FLAG_MINUTES = 10
DAY_CODE_TRIES_PER_VISIT = 5
LOGIN_TRIES_PER_HOUR = 10
ADDRESS_TRIES_PER_HOUR = 300  # wrong ones, of all names together: a whole office or valley may share an address
MAX_PLANNER_PROCESSES = 4
MAX_LIVE_STREAMS = 3
