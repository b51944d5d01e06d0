// Package journal keeps the records of a session on disk: one append-only file of
// JSON lines a session, so that a session survives its server.
//
// Line 1 of journal.jsonl is the Header. Every further line is one record, and
// the record of line n+1 has the number (seq) n, so that counting newlines finds
// a record. A record is one write, and synced where its writer asks for that.
//
// One server at a time writes a session: it holds the lock file. Reading needs no
// lock. When a crash leaves a torn record at the end, the next server to open the
// journal cuts it, and readers do not see it. A damaged record elsewhere stays,
// and the good ones around it are never lost.
//
// The package does not know the meaning of the records.
package journal
