// Package gitguard finds the parts of a workspace's repositories that name
// programs which git on the host would run, so that a runtime can make them
// read-only for commands. It undoes and reports changes that cannot be
// prevented so.
//
// # Before commands
//
// Prepare makes missing parts, so that no command makes them first: an empty
// hooks directory and an empty configuration, which git ignores. It lists the
// parts, each to be mounted onto itself: .git and the directories of
// submodules, so that they cannot be renamed and replaced, and read-only in
// them hooks, config, config.worktree, commondir, info/attributes and
// worktrees. A .git that is a file is read-only, and the repository in the
// workspace that it leads to is guarded. A part that has a second name (a hard
// link) is replaced by a copy, because a mount guards a name, not a file.
//
// With Options.Placeholders it also prevents commands from making other parts
// while they run:
//
//   - A commondir without effect (placeholder.go) is made where there is none,
//     and removed by Release. A repository that sets core.bare or core.worktree gets
//     none, because git would ignore that setting.
//   - Where the workspace has no .git, commands get one that the host does not see
//     as a repository (staged.go). Publish makes it the workspace's when no command runs.
//
// A killed server can leave both, which is harmless. Sweep removes them, except
// for an empty .git, which the next Release removes.
//
// Repositories in directories below, bare ones too, are guarded in the same way
// if they exist at that time. The search reads at most 1,000 directories, those
// nearest to the workspace first and trees such as node_modules last, and
// guards at most 50 repositories; Guard.Notices names what was left out.
//
// Holds checks cheaply, before each command, whether the guarded parts are
// still there.
//
// # While commands run
//
// A Watch looks for changes that no mount prevents: repositories that commands
// make elsewhere in the workspace, a commondir, writes to a file that the host
// has replaced, exec lines in the todo list of a rebase, settings that are not
// known to be harmless, symbolic links where git writes. Submodules that an
// index names come first, and a directory that can be entered but not listed is
// made readable for its owner. It searches at each command's end and more than
// twice a second meanwhile, in the nearest 4,000 directories, and moves away
// files that git would run. At the end of a turn Suspects reports what is left
// in 20,000 directories. If a server is killed meanwhile, Aftermath moves such
// files away at the next server's start.
//
// # What stays open
//
// Between two searches, for less than half a second, git on the host would run
// what a command has made in a repository below the workspace; git status above
// it would run it too if the command has made that repository a submodule. The
// same holds for the workspace's own .git at level medium, and for the
// commondir of a repository that gets no placeholder. It also holds for the
// workspace's configuration after the host has replaced it (git config does
// that) until no command runs; settings in it that run programs are moved away,
// though they may be the user's. If a command makes the workspace's own
// directory a bare repository and removes HEAD from .git, git would run what is
// there for two hundredths of a second.
//
// The first git worktree add on the host while a command runs makes a directory
// worktrees that is not guarded until that command has ended and another one
// begins: the command can make git in that worktree take configuration and
// hooks from elsewhere until the next search.
//
// Settings by which the user makes git run files of the workspace (a
// core.hooksPath or include.path that leads there) are the user's choice;
// commands can write those files like any other.
//
// No link is followed, because a command may have made it. The package must not
// know of mounts, containers or namespaces.
package gitguard
