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
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
)

const longHelp = `Pygent is a coding agent that runs as a server. Editors and scripts speak
JSON-RPC to 'pygent serve' over stdio. 'run' and 'chat' use the same agent in a
terminal, 'gui' uses it in the browser.

Settings: flags override the environment, the environment overrides pygent.toml
in your configuration directory, and pygent.toml overrides the defaults. A
pygent.toml in the workspace can only lower limits, disable tools and make the
mode stricter. Commands have no network unless your pygent.toml or a flag names
hosts (network_allow) or opens the whole network (network = "full").

  OPENAI_API_KEY      key of the model's endpoint
  OPENAI_BASE_URL     any OpenAI-compatible endpoint, such as a local server's
                      http://127.0.0.1:11434/v1
  PYGENT_MODEL        name of the model
  PYGENT_USE_DOCKER   0: local commands; other values: Docker; unset: Docker if
                      available, else local
  PYGENT_IMAGE        Docker image that commands run in
  PYGENT_WORKSPACE    directory to work in
  PYGENT_MAX_TASKS, PYGENT_STEP_TIMEOUT, PYGENT_TASK_TIMEOUT (seconds),
  PYGENT_TASK_PERSONAS, PYGENT_MODEL_RETRIES, PYGENT_MODEL_IDLE_TIMEOUT,
  PYGENT_LOG_FILE, PYGENT_LOG_LEVEL

Exit codes: 0 done, 1 failed (also: the model asked and nobody could answer),
2 wrong usage or settings, 3 limit or timeout reached, 130 cancelled.`

// flags are the settings on the command line. Only given flags override the configuration.
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
		Short:         "A coding agent that runs as a server",
		Long:          longHelp,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if isTerminal(std.in) {
				return cmd.Help()
			}
			return serve(cmd.Context(), std, f, connectionBounds{wire.DefaultMaxMessageBytes, defaultStall})
		},
	}
	root.SetOut(std.out)
	root.SetErr(std.err)

	p := root.PersistentFlags()
	p.StringVar(&f.configFile, "config", "", "read settings from this file instead of your pygent.toml")
	p.StringVar(&f.logLevel, "log-level", "", "level of the log: debug, info, warn or error")
	root.AddCommand(
		serveCommand(std, f), runCommand(std, f), chatCommand(std, f), guiCommand(std, f), demoCommand(std, f), doctorCommand(std, f),
		sessionsCommand(std), tasksCommand(std), schemaCommand(std), manCommand(std), versionCommand(std),
	)
	completeFlags(root)
	return root
}

// agentFlags adds the flags of commands with an agent.
func agentFlags(cmd *cobra.Command, f *flags) {
	modelFlags(cmd, f)
	runtimeFlags(cmd, f)
	p := cmd.Flags()
	p.StringVar(&f.system, "system", "", "replace the built-in system prompt")
	p.StringVar(&f.mode, "mode", "", "permissions: \"plan\" reads only, \"ask\" asks before edits and commands, \"auto\" does not ask (default auto in a sandbox, else ask)")
	p.StringVar(&f.pull, "pull", "", "\"missing\" pulls the image if Docker does not have it (default \"never\")")
	p.StringVar(&f.network, "network", "", "\"full\" opens the whole network to commands (default \"none\")")
	p.StringArrayVar(&f.allow, "network-allow", nil, "`host:port` that commands may reach; repeat the flag for more")
	p.StringVar(&f.record, "record", "", "append requests to the model and its replies to this file")
	p.StringVar(&f.replay, "replay", "", "take the model's replies from this recording")
}

// modelFlags adds the flags that choose the model.
func modelFlags(cmd *cobra.Command, f *flags) {
	cmd.Flags().StringVarP(&f.model, "model", "m", "", "name of the model")
	cmd.Flags().StringVar(&f.baseURL, "base-url", "", "URL of an OpenAI-compatible endpoint")
}

// runtimeFlags adds the flags that choose the workspace and the runtime of commands.
func runtimeFlags(cmd *cobra.Command, f *flags) {
	p := cmd.Flags()
	p.StringVar(&f.root, "root", "", "workspace directory")
	p.StringVar(&f.image, "image", "", "Docker image that commands run in")
	p.StringVar(&f.sandbox, "sandbox", "", "\"none\" runs local commands without a sandbox, even where this machine has one")
	p.BoolVar(&f.docker, "docker", false, "run commands in Docker; fail without it")
	p.BoolVar(&f.noDocker, "no-docker", false, "run commands in the local sandbox")
	cmd.MarkFlagsMutuallyExclusive("docker", "no-docker")
}

// project returns the workspace of a command in the terminal: from the flag or the variable,
// else the current directory; "" if there is none.
func (f *flags) project() string {
	dir, err := os.Getwd()
	if err != nil {
		dir = ""
	}
	return cmp.Or(f.root, os.Getenv("PYGENT_WORKSPACE"), dir)
}

// file returns the path of the user's settings file, "" if there is none.
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
	// One of the two flags sets the network completely.
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

// checkAllow refuses an invalid entry of network_allow.
func checkAllow(allow []string) error {
	err := netproxy.Check(allow)
	var bad *runtime.InvalidError
	if errors.As(err, &bad) {
		return &config.Error{Setting: "network_allow", Reason: bad.Reason}
	}
	return err
}

// version returns the program's version from its build info: a tag or the commit.
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
