// Package snapshot is the undo of a workspace: what a turn changed, by tools and
// by commands alike, can be listed, shown as a patch and taken back.
//
//	Begin ── first scan: the baseline ──▶ a turn's work ──▶ End ── second scan ──▶ []Change
//	                                                                 │
//	              Diff, Revert ◀── Record ◀── Log (undo.jsonl) ◀─────┘
//
// A scan looks at every file by its directory's descriptor and reads only those
// whose stat changed. Contents lie in a store outside the workspace, by hash;
// those that the user's git holds already are only referred to until they
// change. Git itself is never run, and nothing of it is ever written.
//
// Left out, and named in Outcome.Left: what git would ignore (outside of git a
// few well-known directories), .git itself, special files, and what is over a
// cap or cannot be read. Owners of files are put back by root only; time stamps,
// hard links and extended attributes are not.
//
// What is stored survives the death of the server, and so does a turn that is open
// then: Recover ends it. Only pre-images and logs are synced against a crash of the
// machine, other contents are checked by their hash when they are read.
//
// Turns that are open at the same time, in whatever process, know of each other by
// files in the store. Of what is changed meanwhile, a file that a tool wrote is its
// turn's; what a command of either may have changed is listed and not taken back.
// What anybody else changes while a turn's commands run counts as the turn's.
//
// The package knows directories and files. It must not know sessions, tools,
// models or the wire.
package snapshot
