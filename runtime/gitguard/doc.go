// Package gitguard finds out which parts of a workspace's repositories name
// programs that git on the host would run, so that a runtime can keep commands
// from them.
//
// # Before commands
//
// Prepare makes what a command could otherwise be the first to make (hooks and a
// configuration, empty, which git takes for none) and lists parts, each to be
// mounted onto itself: .git and the directories of submodules, so that they cannot
// be renamed and replaced, and read-only in them hooks, config, config.worktree,
// commondir, info/attributes and worktrees. A .git that is a file is read-only. A
// part that has a second name (a hard link) becomes a copy of itself, for a mount
// guards a name, not a file.
//
// Repositories in directories below, bare ones too, are guarded alike when they
// are there at that time. The search reads at most 1,000 directories, those
// nearest to the workspace first and trees such as node_modules last, and takes
// 50 repositories; Guard.Notices says what was left.
//
// Holds tells cheaply, before each command, whether what was seen is still there.
//
// # After commands
//
// Some things no mount can prevent: a commondir, a .git where none was or in the
// place of another, and what is written to a file that the host has replaced since,
// as every git config does: the mount goes with the old file. Disarm moves away
// what runs programs in those: hooks, and settings of the configuration, of which
// the others stay; and links and special files in the place of parts, for which
// the guard could not be prepared anew. It cannot tell what the user made while a
// command ran from the command's own.
//
// A repository that a command makes elsewhere in the workspace stays as it is:
// tests of tools make such things, and to look for them after each command would
// cost more than the command. Suspects looks for them, at the end of a turn.
//
// # What stays open
//
// After the host has replaced a configuration, a command that still runs can write
// to it, and git on the host would run that until a command ends.
//
// The first git worktree add on the host while a command runs makes a worktrees
// that is not guarded before that command has ended and another one begins: the
// command can have git in that worktree take configuration and hooks from
// elsewhere (its commondir). Add it while none runs, or look at the files in
// .git/worktrees.
//
// Settings by which the user has git run files of the workspace (core.hooksPath
// or include.path that leads there) are the user's choice; those files can be
// written like any other.
//
// No link is followed, for a command may have left it. The package must not know
// of mounts, containers or namespaces.
package gitguard
