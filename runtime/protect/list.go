package protect

// Entry is one row of the list.
type Entry struct {
	// Names are alternatives. A name has one or more parts, separated by
	// slashes; a * in a part stands for any characters. A name covers all paths
	// below it too.
	Names  []string
	Reason string // what a program of the user does with it
}

// Group is the entries of one kind of program.
type Group struct {
	Title   string
	Entries []Entry
}

// repositories are the directories (for git, files and links too) of version
// control. Only its own program writes there.
var repositories = Group{"Repositories", []Entry{
	{[]string{".git"}, "git runs hooks and commands that its own files name: use git to change them"},
	{[]string{".hg"}, "Mercurial runs hooks and extensions that its own files name: use hg to change them"},
	{[]string{".jj"}, "Jujutsu runs commands that its own files name: use jj to change them"},
	{[]string{".sl"}, "Sapling runs hooks and extensions that its own files name: use sl to change them"},
	{[]string{".pijul"}, "Pijul runs hooks that its own files name: use pijul to change them"},
	{[]string{"_darcs"}, "Darcs runs hooks that its own files name: use darcs to change them"},
}}

// listed are all other names: files that a program reads by itself when the
// user enters or opens a directory or commits in it, or starts that program
// there. A file that runs only when the user builds, tests or deploys
// (Makefile, package.json, CI) is the project's and not listed. Nor are the
// files of linters and formatters: editors run these where the user trusts the
// directory, and package.json or pyproject.toml configures them as well.
var listed = []Group{
	{"Version control", []Entry{
		{[]string{".gitmodules"}, "git fetches and runs what submodules bring"},
		{[]string{".gitconfig"}, "git runs commands that it names where a repository includes it"},
		{[]string{".githooks", ".git-hooks"}, "git runs the hooks in it where core.hooksPath names it"},
		{[]string{".husky", ".huskyrc", ".huskyrc.*", "husky.config.*"}, "husky runs it on commits"},
		{[]string{"lefthook.*", ".lefthook.*", "lefthook-local.*", ".lefthook-local.*", ".lefthook", ".lefthook-local"}, "Lefthook runs its commands on commits"},
		{[]string{".pre-commit-config.yaml", ".pre-commit-config.yml"}, "pre-commit runs its commands on commits"},
		{[]string{".overcommit.yml", ".overcommit.yaml"}, "Overcommit runs its commands on commits"},
		{[]string{".lintstagedrc", ".lintstagedrc.*", "lint-staged.config.*"}, "lint-staged runs its commands on commits"},
		{[]string{".simple-git-hooks.*", "simple-git-hooks.*"}, "simple-git-hooks runs its commands on commits"},
		{[]string{"captainhook.json", "grumphp.yml", "grumphp.yml.dist"}, "the hook manager runs its commands on commits"},
	}},
	{"Editors", []Entry{
		{[]string{".vscode", "*.code-workspace"}, "VS Code runs tasks and programs that its settings name"},
		{[]string{".vs", "*.suo"}, "Visual Studio runs what its settings name on opening"},
		{[]string{".idea", "*.ipr", "*.iws", "*.run.xml"}, "JetBrains editors run what their settings name on opening"},
		{[]string{".fleet"}, "Fleet runs what its settings name"},
		{[]string{".zed"}, "Zed runs language servers and tasks that its settings name"},
		{[]string{".helix"}, "Helix runs language servers that its settings name"},
		{[]string{".vimrc", "_vimrc", ".gvimrc", "_gvimrc", ".exrc", "_exrc", ".lvimrc", ".vimrc.local", ".local.vimrc"}, "Vim runs it"},
		{[]string{".nvim.lua", ".nvimrc", "_nvimrc", ".nvim"}, "Neovim runs it"},
		{[]string{".lazy.lua"}, "lazy.nvim runs it"},
		{[]string{".vim"}, "Vim's plugins run programs that its settings name"},
		{[]string{".neoconf.json", ".nlsp-settings"}, "Neovim runs language servers that it names"},
		{[]string{".dir-locals.el", ".dir-locals-2.el", ".emacs.desktop"}, "Emacs evaluates it"},
		{[]string{"*.sublime-project", "*.sublime-workspace"}, "Sublime Text's plugins run programs that it names"},
		{[]string{".kateproject"}, "Kate runs language servers that it names"},
		{[]string{".nova"}, "Nova runs tasks that it names"},
		{[]string{".theia"}, "Theia runs tasks and programs that its settings name"},
		{[]string{".externalToolBuilders"}, "Eclipse runs the programs that it names on opening"},
		{[]string{".ycm_extra_conf.py"}, "YouCompleteMe runs it"},
	}},
	{"Development containers", []Entry{
		{[]string{".devcontainer", ".devcontainer.json"}, "editors run its commands, on the host too, on opening"},
		{[]string{".gitpod.yml", ".gitpod.Dockerfile", ".ona"}, "Gitpod runs its tasks on opening"},
		{[]string{".replit", "replit.nix"}, "Replit runs its commands on opening"},
		{[]string{".idx"}, "the cloud editor runs its commands on opening"},
		{[]string{".codesandbox", ".stackblitzrc"}, "the cloud editor runs its tasks on opening"},
	}},
	{"Agents", []Entry{
		{[]string{"pygent.toml", ".pygent", ".pygent.toml"}, "it configures Pygent itself"},
		{[]string{".mcp.json", "mcp.json"}, "agents start programs that it names"},
		{[]string{".claude", ".cursor", ".gemini", ".codex", ".windsurf", ".qwen", ".kiro", ".roo", ".cline", ".clinerules", ".continue", ".trae", ".junie", ".augment", ".amazonq", ".copilot", ".factory", ".opencode", ".crush", ".goose", ".agents", ".openhands"}, "agents run hooks and start programs that it names"},
		{[]string{"opencode.json", "opencode.jsonc", "crush.json", ".crush.json"}, "agents start programs that it names"},
		{[]string{".aider.conf.yml", ".aider.conf.yaml"}, "Aider runs commands that it names"},
	}},
	{"Shells and environments", []Entry{
		{[]string{".envrc"}, "direnv runs it on entering the directory"},
		{[]string{".autoenv", ".autoenv.zsh", ".autoenv_leave.zsh", ".env.leave", ".autoenv.leave"}, "shells' plugins run it on entering the directory"},
		{[]string{".shadowenv.d"}, "Shadowenv evaluates it on entering the directory"},
		{[]string{"flake.nix", "shell.nix", "default.nix", "devenv.nix", "devenv.yaml", "devbox.json"}, "direnv evaluates it on entering the directory"},
		{[]string{".flox"}, "Flox runs its hooks on entering the directory"},
		{[]string{".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", "config.fish"}, "a shell runs it where the home directory links to it"},
	}},
	{"Version managers", []Entry{
		{[]string{"mise.toml", ".mise.toml", "mise.*.toml", ".mise.*.toml", ".mise", ".config/mise", "mise/config.toml", ".rtx.toml"}, "mise runs its hooks and sets what it names on entering the directory"},
		{[]string{".tool-versions"}, "asdf and mise run the programs that it chooses"},
		{[]string{".rvmrc"}, "RVM runs it on entering the directory"},
		{[]string{".rbenv-vars"}, "rbenv sets variables from it that make Ruby run code"},
		{[]string{".prototools"}, "proto loads plugins that it names"},
		{[]string{"pkgx.yaml", ".pkgx.yaml", "pkgx.yml", ".pkgx.yml"}, "pkgx runs the programs that it chooses on entering the directory"},
	}},
	{"Package managers", []Entry{
		{[]string{".npmrc"}, "npm runs programs that it names"},
		{[]string{".yarnrc", ".yarnrc.yml", ".yarn/releases", ".yarn/plugins"}, "Yarn runs it or the program that it names"},
		{[]string{".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js"}, "pnpm runs it"},
		{[]string{"bunfig.toml"}, "Bun preloads scripts that it names"},
		{[]string{".cargo/config.toml", ".cargo/config"}, "cargo and rust-analyzer run programs that it names"},
		{[]string{".bundle/config"}, "Bundler loads code from places that it names"},
		{[]string{".mvn"}, "Maven and editors load extensions and agents that it names"},
		{[]string{"gradle-wrapper.properties", "gradle-wrapper.jar", "maven-wrapper.properties", "maven-wrapper.jar"}, "editors run the build program that it names on opening"},
	}},
	{"Language servers", []Entry{
		{[]string{".rust-analyzer.toml", "rust-analyzer.toml"}, "rust-analyzer runs commands that it names"},
		{[]string{"hie.yaml", ".ghci"}, "Haskell's language server and GHCi run it or commands that it names"},
		{[]string{".bsp", "buildServer.json"}, "editors start the build server that it names"},
		{[]string{".lsp"}, "clojure-lsp runs commands that it names"},
		{[]string{"omnisharp.json"}, "OmniSharp loads code that it names"},
		{[]string{"config.nims"}, "Nim's language server evaluates it"},
	}},
	{"Debuggers and interpreters", []Entry{
		{[]string{".gdbinit", "*-gdb.py", "*-gdb.gdb", "*-gdb.scm"}, "GDB runs it"},
		{[]string{".lldbinit", ".lldbinit-*"}, "LLDB runs it"},
		{[]string{".radare2rc", ".rizinrc"}, "the debugger runs it"},
		{[]string{".pdbrc", "sitecustomize.py", "usercustomize.py"}, "Python runs it when it starts"},
		{[]string{"jupyter_*config.py", "ipython_config.py"}, "Jupyter runs it when it starts"},
		{[]string{".Rprofile", ".Renviron", ".RData", "renv/activate.R"}, "R runs or loads it when it starts"},
		{[]string{".irbrc", ".pryrc", ".rdbgrc", ".rdbgrc.rb", ".byebugrc"}, "Ruby's consoles and debuggers run it"},
		{[]string{".iex.exs", ".erlang"}, "Elixir's and Erlang's shells run it"},
		{[]string{".ocamlinit"}, "OCaml's toplevel runs it"},
		{[]string{".nrepl.edn"}, "nREPL loads code that it names"},
		{[]string{".perldb"}, "Perl's debugger runs it"},
		{[]string{".octaverc"}, "Octave runs it when it starts"},
		{[]string{".gnuplot"}, "gnuplot runs it when it starts"},
	}},
	{"Desktops", []Entry{
		{[]string{".directory", "*.desktop", "desktop.ini"}, "file managers act on it when the directory is opened"},
	}},
}

// Groups returns the list in the documented order: repositories, which nobody
// can allow, come first.
func Groups() []Group {
	return append([]Group{repositories}, listed...)
}
