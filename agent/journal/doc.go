// Package journal keeps what a session shows on disk: one append-only file of
// JSON lines a session, so that a session outlives its server.
//
// Line 1 of journal.jsonl is the Header. Every further line is one record, and
// the record of line n+1 has the number (seq) n: finding one needs no more than
// counting newlines. A record is one write, and synced where its writer says so.
//
// One server at a time writes a session: it holds the lock file. Reading needs
// no lock. What a crash leaves half written at the end is cut by the next who
// opens the journal, and readers do not see it. Damage elsewhere stays where it
// is: the good lines around it are never lost.
//
// The package knows nothing of what the records mean.
package journal
