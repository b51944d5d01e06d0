package conversation

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
)

func planOf(step string) event.Event {
	return event.Event{Kind: event.KindPlan, Plan: []event.PlanStep{{Step: step, Status: "pending"}}}
}

func TestPlanGoesBackWithARewind(t *testing.T) {
	s := apply(newState(), started("t_1"), user("one"), planOf("first"), reply("1"), finished(event.StatusCompleted),
		started("t_2"), user("two"), planOf("second"), reply("2"), finished(event.StatusCompleted))
	for _, step := range []struct {
		event event.Event
		want  string
	}{
		{started("t_3"), "second"},
		{finished(event.StatusCompleted), "second"},
		{event.Event{Kind: event.KindRewound, TurnID: "w_1", ToTurnID: "t_2"}, "first"},
		{event.Event{Kind: event.KindRewound, TurnID: "w_2", ToTurnID: "w_1"}, "second"},
		{event.Event{Kind: event.KindRewound, TurnID: "w_3", ToTurnID: "t_1"}, ""},
	} {
		apply(s, step.event)
		var got string
		if p := s.Plan(); len(p) > 0 {
			got = p[0].Step
		}
		if got != step.want {
			t.Errorf("after %s of %s the plan is %q, want %q", step.event.Kind, step.event.ToTurnID, got, step.want)
		}
	}
}

func TestUndoneFiles(t *testing.T) {
	put := func(path string) event.Event { return event.Event{Kind: event.KindFileChanged, Path: path} }
	reverted := event.Event{Kind: event.KindReverted, TurnID: "r_1", ToTurnID: "t_1"}
	inTurn := put("by-the-model")
	inTurn.TurnID = "t_1"
	second := event.Event{Kind: event.KindReverted, TurnID: "r_2", ToTurnID: "t_0"}
	back := event.Event{Kind: event.KindReverted, TurnID: "r_3", ToTurnID: "r_1"}
	begin := []event.Event{started("t_1"), user("one"), reply("1"), inTurn, finished(event.StatusCompleted)}
	tests := []struct {
		name string
		then []event.Event
		want []string
	}{
		{"a turn's own changes", nil, nil},
		{"a revert", []event.Event{put("a"), put("b"), reverted}, []string{"a", "b"}},
		{"two reverts", []event.Event{put("a"), reverted, put("b"), put("a"), second}, []string{"a", "b"}},
		{"a revert and its own", []event.Event{put("a"), reverted, put("b"), second, put("a"), back}, []string{"b"}},
		{"a revert of one that was heard of", []event.Event{put("a"), reverted, started("t_2"), user("two"), finished(event.StatusCompleted), put("a"), back}, []string{"a"}},
		{"a revert that did nothing", []event.Event{reverted}, nil},
		{"the next message", []event.Event{put("a"), reverted, started("t_2"), user("two")}, nil},
		{"a turn without a message", []event.Event{put("a"), reverted, started("t_2")}, []string{"a"}},
		{"a rewind with its files", []event.Event{put("a"), {Kind: event.KindRewound, TurnID: "w", ToTurnID: "t_1"}}, nil},
		{"a revert, then a rewind", []event.Event{put("a"), reverted, {Kind: event.KindRewound, TurnID: "w", ToTurnID: "t_1"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := apply(newState(), append(begin[:len(begin):len(begin)], tt.then...)...)
			if diff := cmp.Diff(tt.want, s.Undone()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeardIsBesideTheText(t *testing.T) {
	s := apply(newState(), started("t_1"))
	s.Apply(event.Record{Event: user("go\n"), Heard: []string{"[one]", "[two]"}})
	if diff := cmp.Diff([]string{"user go\n\n[one]\n[two]"}, said(s.Messages())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestImages(t *testing.T) {
	img := func(data string) []event.Image { return []event.Image{{MIMEType: "image/png", Data: []byte(data)}} }
	images := func(s *State) (list []string) {
		for _, m := range s.Messages() {
			for _, i := range m.Images {
				list = append(list, string(m.Role)+" "+string(i.Data))
			}
		}
		return list
	}
	s := apply(newState(), started("t_1"))
	s.Apply(event.Record{Event: user("look"), Images: img("one")})
	apply(s, reply("", "a", "b"))
	s.Apply(event.Record{Event: event.Event{Kind: event.KindToolFinished, CallID: "a", Text: "read"}, Images: img("two")})
	apply(s, event.Event{Kind: event.KindToolFinished, CallID: "b", Text: "ok"})
	s.Apply(event.Record{Event: event.Event{Kind: event.KindSteered, Text: "and this"}, Images: img("three")})
	steered := user("and this")
	steered.Steered = true
	apply(s, steered, reply("I see."), finished(event.StatusCompleted))
	if diff := cmp.Diff([]string{"user one", "tool two", "user three"}, images(s)); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if s.ImageBytes() != len("onetwothree") || s.TakesNoImages() {
		t.Errorf("%d bytes, none are taken: %v", s.ImageBytes(), s.TakesNoImages())
	}
	before := s.Messages()
	apply(s, started("t_2"), user("more"))
	s.Apply(event.Record{Event: event.Event{Kind: event.KindNotice}, NoImages: true})
	s.Apply(event.Record{Event: event.Event{Kind: event.KindSteered, Text: "late"}, Images: img("four")})
	steered.Text = "late"
	apply(s, steered)
	if got := images(s); len(got) > 0 || !s.TakesNoImages() {
		t.Errorf("images are left: %q", got)
	}
	want := []string{
		"user look\n" + imageLeftOut, "assistant  a(a) b(b)", "tool read\n" + imageLeftOut, "tool ok", "user and this\n" + imageLeftOut,
		"assistant I see.", "user more", "user late\n" + imageLeftOut,
	}
	if diff := cmp.Diff(want, said(s.Messages())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(before[1].Images) != 1 {
		t.Error("a copy of the messages was changed")
	}
	apply(s, finished(event.StatusCompleted), event.Event{Kind: event.KindRewound, TurnID: "w", ToTurnID: "t_2"})
	if got := images(s); len(got) > 0 {
		t.Errorf("a rewind brings them back: %q", got)
	}
	apply(s, event.Event{Kind: event.KindConfigured, Model: "another"})
	if s.TakesNoImages() {
		t.Error("what one model refuses counts for another")
	}
}
