package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/tasks"
)

func serveCommand(std streams, f *flags) *cobra.Command {
	var bounds connectionBounds
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve JSON-RPC over stdio (the default when stdin is not a terminal)",
		Long: `Serve speaks JSON-RPC 2.0 over stdin and stdout.

If the input begins with a Content-Length header, messages are framed as in the
language server protocol. If it begins with {, it is a script: one JSON message
per line in both directions, without initialize. At the end of a script's input
the server finishes the open requests and exits.`,
		Example: `  echo '{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"hi"}}' | pygent serve`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), std, f, bounds)
		},
	}
	agentFlags(cmd, f)
	cmd.Flags().Int64Var(&bounds.maxMessage, "max-message-bytes", wire.DefaultMaxMessageBytes, "largest message to accept, in bytes")
	cmd.Flags().DurationVar(&bounds.stall, "stall-timeout", defaultStall, "clean up and exit when the client reads nothing for this long; 0 waits forever")
	return cmd
}

// defaultStall is how long the server waits for a client that stops reading.
const defaultStall = 5 * time.Minute

// connectionBounds are the flags of a connection.
type connectionBounds struct {
	maxMessage int64
	stall      time.Duration // 0 means none
}

func (b connectionBounds) check() error {
	switch {
	case b.maxMessage < 1 || b.maxMessage > wire.MaxMessageBytes:
		return fmt.Errorf("--max-message-bytes: %d: give a number from 1 to %d", b.maxMessage, wire.MaxMessageBytes)
	case b.stall < 0:
		return fmt.Errorf("--stall-timeout: %v: give a duration such as 5m, or 0 to wait forever", b.stall)
	}
	return nil
}

// serve serves one connection on the standard streams.
func serve(ctx context.Context, std streams, f *flags, bounds connectionBounds) error {
	if err := bounds.check(); err != nil {
		return &exitError{exitUsage, err}
	}
	a, err := newApp(f, std, "")
	if err != nil {
		return err
	}
	defer a.close()
	if err := checkRoot(a.cfg.Workspace); err != nil {
		return &exitError{exitUsage, err}
	}

	ctx, stop := untilEnded(ctx, os.Interrupt)
	defer stop()
	lifetime, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer cancel()
	helpers.Go(func() { a.runtimes.Info(lifetime) }) // before initialize, whose answer needs it
	helpers.Go(func() { watchReader(lifetime, std.out, cancel) })

	server, err := a.newServer(lifetime, bounds)
	if err != nil {
		return err
	}
	code, err := server.Serve(lifetime, std.in, std.out)
	if err != nil {
		a.log.Warn("connection ended", zap.Error(err))
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// newServer makes the server of one connection with its own domain, which ends with
// lifetime.
func (a *app) newServer(lifetime context.Context, bounds connectionBounds) (*rpc.Server, error) {
	var d *domain
	var err error
	server := rpc.NewServer(rpc.Options{
		Version:         version(),
		MaxMessageBytes: bounds.maxMessage,
		StallTimeout:    bounds.stall,
		Logger:          a.log,
		Initialize:      func(ctx context.Context, p rpc.InitializeParams) (rpc.Setup, error) { return d.initialize(ctx, p) },
		Close:           func(ctx context.Context) error { return d.close(ctx) },
	})
	peer := server.Peer()
	d, err = newDomain(lifetime, a, peer, func(t tasks.Task) { peer.TaskChanged(lifetime, t) })
	if err != nil {
		return nil, err
	}
	server.Provide(d.sessions, d.tasks)
	return server, nil
}

// initialize applies the client's workspace and options to the settings of the connection's
// sessions.
func (d *domain) initialize(ctx context.Context, p rpc.InitializeParams) (rpc.Setup, error) {
	cfg := d.app.cfg
	if uri := p.Root(); uri != "" {
		root, err := rpc.PathOfURI(uri)
		if err == nil {
			err = checkRoot(root)
		}
		if err != nil {
			return rpc.Setup{}, fmt.Errorf("rootUri: %w", err)
		}
		cfg.Workspace = root
	}
	info := d.app.runtimes.Info(ctx)
	if o := p.InitializationOptions; o != nil {
		if err := approval.CheckMode("initializationOptions.mode", o.Mode); err != nil {
			return rpc.Setup{}, err
		}
		if err := d.app.runtimes.Check(ctx, "initializationOptions.runtime", o.Runtime); err != nil {
			return rpc.Setup{}, err
		}
		cfg.Mode = cmp.Or(string(o.Mode), cfg.Mode)
		d.wish(o.Mode)
		if o.Model != "" {
			cfg.Model = o.Model
		}
		if o.SystemPrompt != "" {
			cfg.SystemPrompt = o.SystemPrompt
		}
	}
	if err := cfg.TightenFrom(cfg.Workspace); err != nil {
		return rpc.Setup{}, err
	}
	for _, n := range cfg.Notices[len(d.app.cfg.Notices):] {
		d.app.log.Warn(n)
	}
	if err := d.configure(cfg); err != nil {
		return rpc.Setup{}, err
	}
	_, registry := d.settings()
	setup := rpc.Setup{
		Runtime: info, Tools: registry.Names(), MaxTasks: d.tasks.Max(),
		Mode: cmp.Or(event.Mode(cfg.Mode), approval.DefaultMode(info.Sandbox)),
	}
	if d.app.unset { // a search for local servers would take too long here
		setup.NoModel = noModel(ctx, nil).Error()
	}
	return setup, nil
}
