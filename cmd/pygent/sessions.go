package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

func sessionsCommand(std streams) *cobra.Command {
	cmd := keptCommand(std, sessionsKept())
	cmd.Short = "List, show, export and delete earlier sessions"
	cmd.Long = `Every server keeps its sessions, and these commands read them without a server.
The protocol's session/list returns the same list. Deleting a session deletes its
tasks too, but no file of its workspace. A session that a server has open cannot
be deleted.`
	return cmd
}

func tasksCommand(std streams) *cobra.Command {
	cmd := keptCommand(std, tasksKept())
	cmd.Short = "List, show, export and delete delegated tasks"
	cmd.Long = `A delegated task has its own session, which outlives the task. These commands
read the tasks of all sessions. 'pygent sessions' reads the sessions that
delegated them.`
	return cmd
}

// keptCommand makes the command of a collection. Without a subcommand it lists the items.
func keptCommand(std streams, c collection) *cobra.Command {
	cmd := c.listCommand(std)
	cmd.Use = c.noun + "s"
	list := c.listCommand(std)
	list.Use, list.Short = "list", "List them, last used first"
	cmd.AddCommand(list, c.showCommand(std), c.exportCommand(std), c.deleteCommand(std))
	return cmd
}

func (c collection) listCommand(std streams) *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return &exitError{exitUsage, fmt.Errorf("--limit: %d: give a number from 1, or 0 for all", limit)}
			}
			k, err := openKept(cmd.Context())
			if err != nil {
				return err
			}
			items, err := c.list(cmd.Context(), k, limit)
			switch {
			case err != nil:
				return failed(err)
			case asJSON:
				enc := json.NewEncoder(std.out)
				enc.SetIndent("", "  ")
				return enc.Encode(append([]keptItem{}, items...))
			case len(items) == 0:
				fmt.Fprintf(std.err, "there are no %ss\n", c.noun)
				return nil
			}
			return table(std, items)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&limit, "limit", 50, "largest number to list; 0 lists all")
	return cmd
}

// table prints a line for each item. Titles and roots are untrusted.
func table(std streams, items []keptItem) error {
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, item := range items {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", item.ID, item.UpdatedAt.Local().Format("2006-01-02 15:04"), item.State, term.Line(item.Root, 60), term.Line(item.Title, 60))
	}
	return w.Flush()
}

func (c collection) showCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:               "show ID",
		Short:             "Print the conversation of one",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := openKept(cmd.Context())
			if err != nil {
				return err
			}
			return c.export(cmd.Context(), k, std, exportOptions{id: args[0], safe: true})
		},
	}
}

func (c collection) exportCommand(std streams) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:               "export ID",
		Short:             "Write one as Markdown or JSON",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := openKept(cmd.Context())
			if err != nil {
				return err
			}
			o.id = args[0]
			return c.export(cmd.Context(), k, std, o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "markdown", "markdown or json")
	cmd.Flags().StringVarP(&o.file, "output", "o", "", "write to this `file` (default stdout)")
	return cmd
}

func (c collection) deleteCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:               "delete ID…",
		Short:             "Delete them permanently",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := openKept(cmd.Context())
			if err != nil {
				return err
			}
			return c.remove(cmd.Context(), k, std, args)
		},
	}
}

// complete offers ids with their titles to a shell.
func (c collection) complete(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && cmd.Name() != "delete" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	k, err := openKept(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	items, err := c.list(cmd.Context(), k, 100)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID+"\t"+term.Line(item.Title, 60))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
