// Package snapshot is the undo of a workspace: it lists what a turn changed, by
// tools and by commands, shows it as a patch and reverts it.
//
//	Begin ── first scan: the baseline ──▶ a turn's work ──▶ End ── second scan ──▶ []Change
//	                                                                 │
//	              Diff, Revert ◀── Record ◀── Log (undo.jsonl) ◀─────┘
//
// A scan examines every file through its directory's descriptor and reads only
// those whose stat changed. Contents are stored outside the workspace, by hash;
// contents that the user's git already has are only referred to until they
// change. The package never runs git and writes none of its files.
//
// Left out, and named in Outcome.Left, are files that git would ignore (outside
// of git a few well-known directories), .git itself, special files, and files
// that are over a cap or cannot be read. Only root restores the owners of
// files; time stamps, hard links and extended attributes are not restored.
//
// The store survives the death of the server, and so does a turn that is open
// then: Recover ends it. Only pre-images and logs are synced against a crash of
// the machine; other contents are checked by their hash when they are read.
//
// Turns that are open at the same time, in any process, know of each other
// through files in the store. A file that a tool wrote meanwhile belongs to the
// tool's turn; a file that a command of either turn may have changed is listed
// but not reverted. Changes by anybody else while a turn's commands run count
// as the turn's.
//
// The package knows directories and files. It must not know sessions, tools,
// models or the wire.
package snapshot
