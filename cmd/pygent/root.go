package main

import (
	"cmp"
	"errors"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
)

const longHelp = `Pygent is a coding agent behind a pipe. Editors and scripts speak JSON-RPC to
'pygent serve' over stdio; 'run' and 'chat' use the same agent from a terminal,
'gui' from a page in the browser.

Settings: flags beat the environment, the environment beats pygent.toml in the
user's configuration directory, and that beats the defaults. A pygent.toml in
the workspace can only lower limits, disable tools and make the mode stricter.
Commands reach no network, unless the user's pygent.toml or a flag names hosts
(network_allow) or gives them all of it (network = "full").

  OPENAI_API_KEY      key of the model's endpoint
  OPENAI_BASE_URL     any OpenAI-compatible endpoint, such as a local server's
                      http://127.0.0.1:11434/v1
  PYGENT_MODEL        name of the model
  PYGENT_USE_DOCKER   0: local commands; anything else: Docker; unset: what is there
  PYGENT_IMAGE        Docker image that commands run in
  PYGENT_WORKSPACE    directory to work in
  PYGENT_MAX_TASKS, PYGENT_STEP_TIMEOUT, PYGENT_TASK_TIMEOUT (seconds),
  PYGENT_TASK_PERSONAS, PYGENT_MODEL_RETRIES, PYGENT_MODEL_IDLE_TIMEOUT,
  PYGENT_LOG_FILE, PYGENT_LOG_LEVEL

Exit codes: 0 done, 1 failed (also: the model asked a question that nobody could
answer), 2 wrong usage or settings, 3 a limit or timeout was reached, 130
cancelled.`

// flags are the settings that the command line can make. They are laid over the
// configuration only where they were given.
type flags struct {
	configFile string
	model      string
	baseURL    string
	image      string
	root       string
	sandbox    string
	pull       string
	network    string
	allow      []string
	logLevel   string
	system     string
	mode       string
	docker     bool
	noDocker   bool
	record     string
	replay     string
}

// newRoot makes the command tree.
func newRoot(std streams) *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:           "pygent",
		Short:         "A coding agent behind a pipe",
		Long:          longHelp,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if isTerminal(std.in) {
				return cmd.Help()
			}
			return serve(cmd.Context(), std, f, connectionBounds{rpc.DefaultMaxMessageBytes, defaultStall})
		},
	}
	root.SetOut(std.out)
	root.SetErr(std.err)

	p := root.PersistentFlags()
	p.StringVar(&f.configFile, "config", "", "file of settings, instead of the user's pygent.toml")
	p.StringVar(&f.logLevel, "log-level", "", "debug, info, warn or error")
	root.AddCommand(
		serveCommand(std, f), runCommand(std, f), chatCommand(std, f), guiCommand(std, f), demoCommand(std, f), doctorCommand(std, f),
		sessionsCommand(std), tasksCommand(std), schemaCommand(std), manCommand(std), versionCommand(std),
	)
	completeFlags(root)
	return root
}

// agentFlags are those of the commands that have an agent.
func agentFlags(cmd *cobra.Command, f *flags) {
	modelFlags(cmd, f)
	runtimeFlags(cmd, f)
	p := cmd.Flags()
	p.StringVar(&f.system, "system", "", "system prompt that replaces the default")
	p.StringVar(&f.mode, "mode", "", "\"plan\" reads only, \"ask\" asks before edits and commands, \"auto\" does not; default auto in a sandbox, else ask")
	p.StringVar(&f.pull, "pull", "", "\"missing\" pulls an image that is not there; default \"never\"")
	p.StringVar(&f.network, "network", "", "\"full\" gives commands the whole network; default \"none\"")
	p.StringArrayVar(&f.allow, "network-allow", nil, "`host:port` that commands may reach, again for further ones")
	p.StringVar(&f.record, "record", "", "append the exchanges with the model to this file")
	p.StringVar(&f.replay, "replay", "", "play a recorded conversation instead of asking a model")
}

// modelFlags choose the model.
func modelFlags(cmd *cobra.Command, f *flags) {
	cmd.Flags().StringVarP(&f.model, "model", "m", "", "name of the model")
	cmd.Flags().StringVar(&f.baseURL, "base-url", "", "OpenAI-compatible endpoint")
}

// runtimeFlags choose the workspace and what commands run in.
func runtimeFlags(cmd *cobra.Command, f *flags) {
	p := cmd.Flags()
	p.StringVar(&f.root, "root", "", "workspace directory")
	p.StringVar(&f.image, "image", "", "Docker image that commands run in")
	p.StringVar(&f.sandbox, "sandbox", "", "\"none\" allows local commands without any sandbox")
	p.BoolVar(&f.docker, "docker", false, "run commands in Docker, or not at all")
	p.BoolVar(&f.noDocker, "no-docker", false, "run commands locally")
	cmd.MarkFlagsMutuallyExclusive("docker", "no-docker")
}

// project is the workspace of a face of the terminal: what a flag or the variable
// names, else the current directory; "" where there is none.
func (f *flags) project() string {
	dir, err := os.Getwd()
	if err != nil {
		dir = ""
	}
	return cmp.Or(f.root, os.Getenv("PYGENT_WORKSPACE"), dir)
}

// file is the path of the user's own settings, "" where there can be none.
func (f *flags) file() string { return cmp.Or(f.configFile, config.UserFile()) }

// load reads the settings. projectDir is the workspace whose pygent.toml may
// tighten them, "" for the one of the settings, if any.
func (f *flags) load(projectDir string) (config.Config, error) {
	src := config.Sources{UserFile: f.file(), Environ: os.Environ(), Flags: f.apply}
	if f.configFile != "" {
		if _, err := os.Stat(f.configFile); err != nil {
			return config.Config{}, &exitError{exitUsage, err}
		}
	}
	cfg, err := config.Load(src)
	if err == nil {
		err = cfg.TightenFrom(cmp.Or(projectDir, cfg.Workspace))
	}
	if err == nil {
		err = checkAllow(cfg.NetworkAllow)
	}
	if err != nil {
		return config.Config{}, &exitError{exitUsage, err}
	}
	return cfg, nil
}

func (f *flags) apply(c *config.Config) {
	for _, s := range []struct {
		flag string
		to   *string
	}{
		{f.model, &c.Model},
		{f.baseURL, &c.BaseURL},
		{f.image, &c.Image},
		{f.root, &c.Workspace},
		{f.sandbox, &c.Sandbox},
		{f.pull, &c.Pull},
		{f.logLevel, &c.LogLevel},
		{f.system, &c.SystemPrompt},
		{f.mode, &c.Mode},
	} {
		if s.flag != "" {
			*s.to = s.flag
		}
	}
	// One of the two flags says all there is to say of the network.
	switch {
	case f.network != "":
		c.Network, c.NetworkAllow = f.network, f.allow
	case len(f.allow) > 0:
		c.Network, c.NetworkAllow = config.NetworkNone, f.allow
	}
	switch {
	case f.docker:
		c.Runtime = config.RuntimeDocker
	case f.noDocker:
		c.Runtime = config.RuntimeLocal
	}
}

// checkAllow names the entry of network_allow that cannot be.
func checkAllow(allow []string) error {
	err := netproxy.Check(allow)
	var bad *runtime.InvalidError
	if errors.As(err, &bad) {
		return &config.Error{Setting: "network_allow", Reason: bad.Reason}
	}
	return err
}

// version is the program's, from the build: a tag, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "0.0.0-dev+" + s.Value[:12]
		}
	}
	return "0.0.0-dev"
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
