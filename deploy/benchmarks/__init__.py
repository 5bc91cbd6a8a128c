"""Comparisons with the best that others have, side by side on this machine: what deploy/bench runs.

Where the processor time of our side goes, as `deploy/bench ROW --profile` shows it again:

- gateway-vs-nghttpx: reference counts and allocations a third, nghttp2 a fifth, the kernel's sockets an eighth; the
  rest is spread over the steps of a call.
- profile-get-vs-pgbench: a quarter of Profiles' own is handing over between database connections and event loops.
- send-vs-smtp-source: PostgreSQL more than a third, since a message is written four times (made, claimed, handed over,
  settled), and most of its indexes with it; a fifth is preparing letters (half of that rendering), a sixth talking to
  the mail server; most of the rest is waking threads. A quarter of the processors idles while writes reach the disk.
"""
