"""Comparisons with the best that others have, side by side on this machine: what deploy/bench runs.

Where the processor time of our side goes, as `deploy/bench ROW --profile` shows it again:

- gateway-vs-nghttpx: reference counts and allocations a third, nghttp2 a fifth, the kernel's sockets an eighth; the
  rest is spread over the steps of a call.
- profile-get-vs-pgbench: a quarter of Profiles' own is handing over between database connections and event loops.
- send-vs-smtp-source: Messaging three fifths, PostgreSQL three tenths, the services that are asked the rest. A fifth of
  the processors idles: what couriers write down at one moment is one transaction, and the next waits for its end, so
  the more connections there are, the less each mail costs.
"""
