package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"parvis/internal/access"
)

// telling puts an answer into words, those of the console in English.
type telling struct {
	answer   access.Answer
	evidence *evidence
	text     func(key string, args ...any) string
}

// spoken is an answer for programs. Accepted, Reason and Advice are absent when
// it differs from zone to zone; Accepted also when another network decides.
type spoken struct {
	Accepted   *bool  `json:"accepted,omitempty"`
	Verdict    string `json:"verdict"`
	Reason     string `json:"reason,omitempty"`
	ReasonText string `json:"reason_text,omitempty"`
	Advice     string `json:"advice,omitempty"`
	AdviceText string `json:"advice_text,omitempty"`

	MAC             string     `json:"mac,omitempty"`
	Login           string     `json:"login,omitempty"`
	Zone            string     `json:"zone,omitempty"`
	Residence       string     `json:"residence,omitempty"`
	PlaceFrom       string     `json:"place_from,omitempty"`
	AccessPoint     string     `json:"access_point,omitempty"`
	Enabled         *bool      `json:"access_point_enabled,omitempty"`
	NAS             string     `json:"nas,omitempty"`
	Plan            string     `json:"plan,omitempty"`
	DeviceSlots     int        `json:"device_slots,omitempty"`
	OtherDevices    int        `json:"other_devices,omitempty"`
	RememberedUntil *time.Time `json:"remembered_until,omitempty"`
	ConnectedSince  *time.Time `json:"connected_since,omitempty"`

	Zones []spokenZone `json:"zones,omitempty"`
	// Attempts is null when they are out of reach, and empty when there are none.
	Attempts []spokenAttempt `json:"attempts"`
	Notes    []string        `json:"notes"`
}

type spokenZone struct {
	Zone       string `json:"zone"`
	Accepted   bool   `json:"accepted"`
	Reason     string `json:"reason"`
	ReasonText string `json:"reason_text"`
	Advice     string `json:"advice"`
	AdviceText string `json:"advice_text"`
}

type spokenAttempt struct {
	At          time.Time `json:"at"`
	Reason      string    `json:"reason"`
	ReasonText  string    `json:"reason_text"`
	Method      string    `json:"method"`
	MAC         string    `json:"mac,omitempty"`
	Login       string    `json:"login,omitempty"`
	AccessPoint string    `json:"access_point,omitempty"`
	NAS         string    `json:"nas"`
}

func (t telling) reason(r access.Reason) string { return t.text("reason." + r.Key()) }

func (t telling) advice(a access.Advice) string { return t.text("console.explain.advice." + a.Key()) }

// attemptReason is the key itself when another release sent it.
func (t telling) attemptReason(key string) string {
	if r, ok := access.ParseReason(key); ok {
		return t.reason(r)
	}
	return key
}

// verdict is the first line; until spells an instant.
func (t telling) verdict(until func(time.Time) string) string {
	a := t.answer
	switch {
	case len(a.Zones) > 0:
		in := 0
		for _, z := range a.Zones {
			if z.Reason.Accepted() {
				in++
			}
		}
		return t.text("console.explain.zones", in, len(a.Zones))
	case a.Foreign:
		return t.text("console.explain.foreign")
	case !a.Reason.Accepted() && a.ByLogin:
		return t.text("console.explain.no.login") + " " + t.reason(a.Reason) + "."
	case !a.Reason.Accepted():
		return t.text("console.explain.no.device") + " " + t.reason(a.Reason) + "."
	case a.Mistyped:
		return t.text("console.explain.yes.login") + " " + t.text("console.explain.mistyped")
	case a.ByLogin:
		return t.text("console.explain.yes.login")
	}
	return t.text("console.explain.yes.device", until(a.Until))
}

func (t telling) json() spoken {
	a := t.answer
	s := spoken{
		Verdict: t.verdict(func(at time.Time) string { return at.UTC().Format(time.RFC3339) }), PlaceFrom: string(a.PlaceFrom),
		Notes: append([]string{}, t.evidence.notes...),
	}
	if len(a.Zones) == 0 {
		if in := a.Reason.Accepted(); !a.Foreign {
			s.Accepted = &in
		}
		s.Reason, s.ReasonText = a.Reason.Key(), t.reason(a.Reason)
		s.Advice, s.AdviceText = a.Advice.Key(), t.advice(a.Advice)
	}
	for _, z := range a.Zones {
		s.Zones = append(s.Zones, spokenZone{
			z.Zone.Name, z.Reason.Accepted(), z.Reason.Key(), t.reason(z.Reason), z.Advice.Key(), t.advice(z.Advice),
		})
	}
	if !a.MAC.IsZero() {
		s.MAC = a.MAC.String()
	}
	if a.ByLogin {
		s.Login = a.Login
	}
	if a.Zone != nil {
		s.Zone = a.Zone.Name
	}
	if a.Residence != nil {
		s.Residence = a.Residence.Name
	}
	if a.AccessPoint != nil {
		s.AccessPoint, s.Enabled = a.AccessPoint.Name, &a.AccessPoint.Enabled
	}
	if a.NAS != nil {
		s.NAS = a.NAS.Name
	}
	if p := a.Facts.Plan; p != nil {
		s.Plan = p.Name
		if a.ByLogin {
			s.DeviceSlots, s.OtherDevices = p.DeviceSlots, a.Facts.OtherDevices
		}
	}
	if until := a.Facts.Remembered; !until.IsZero() {
		s.RememberedUntil = &until
	}
	if len(a.Sessions) > 0 {
		s.ConnectedSince = &a.Sessions[0].StartedAt
	}
	if t.evidence.live != nil {
		s.Attempts = []spokenAttempt{}
	}
	for _, r := range a.Attempts {
		one := spokenAttempt{
			At: r.At.UTC(), Reason: r.Reason, ReasonText: t.attemptReason(r.Reason), Method: r.Method, Login: r.Login,
			AccessPoint: r.AccessPoint, NAS: r.NAS,
		}
		if !r.MAC.IsZero() {
			one.MAC = r.MAC.String()
		}
		s.Attempts = append(s.Attempts, one)
	}
	return s
}

// print writes the verdict, what to do, what it depends on, the last attempts
// and what could not be seen, in this order.
func (t telling) print(w io.Writer, zone *time.Location) error {
	at := func(v time.Time) string { return v.In(zone).Format("2006-01-02 15:04 MST") }
	a := t.answer
	fmt.Fprintln(w, t.verdict(at))
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(a.Zones) > 0 {
		fmt.Fprintf(w, "%s Say where with --zone or --ap.\n\n", t.text("console.explain.zones_help"))
		for _, z := range a.Zones {
			fmt.Fprintf(out, "%s\t%s\n", z.Zone.Name, t.reason(z.Reason))
		}
	} else {
		fmt.Fprintf(w, "What to do: %s\n\n", t.advice(a.Advice))
		for _, f := range t.facts(at) {
			fmt.Fprintf(out, "%s\t%s\n", f[0], f[1])
		}
	}
	if t.evidence.live != nil {
		fmt.Fprintf(out, "\n%s:\n", t.text("console.explain.attempts"))
		if len(a.Attempts) == 0 {
			fmt.Fprintln(out, t.text("console.explain.no_attempts"))
		}
		for _, r := range a.Attempts {
			where := r.AccessPoint
			if where == "" {
				where = "unknown access point"
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s, through %s\n", at(r.At), t.attemptReason(r.Reason), r.MAC, r.Login, where, r.NAS)
		}
	}
	notes := t.evidence.notes
	if a.ByLogin {
		notes = append(notes, t.text("console.explain.assumed"))
	}
	for i, n := range notes {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "Note: %s\n", n)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

// facts are what the decision depends on, each with its name.
func (t telling) facts(at func(time.Time) string) [][2]string {
	a := t.answer
	var list [][2]string
	add := func(name, value string) { list = append(list, [2]string{name, value}) }
	if !a.MAC.IsZero() {
		device := a.MAC.String()
		if a.MAC.Random() {
			device += " " + t.text("console.explain.random")
		}
		add("Device", device)
		if len(a.Sessions) > 0 {
			add("Connected now", "yes, since "+at(a.Sessions[0].StartedAt))
		} else {
			add("Connected now", "no")
		}
	}
	if a.ByLogin {
		add("Login", a.Login+" ("+t.text("console.explain.login_trail."+string(a.LoginFrom))+")")
	}
	place := "not known"
	switch {
	case a.Zone != nil:
		place = "zone " + a.Zone.Name
	case a.Residence != nil:
		place = "residence " + a.Residence.Name
	}
	if a.PlaceFrom != "" {
		place += " (" + t.text("console.explain.trail."+string(a.PlaceFrom)) + ")"
	}
	add("Place", place)
	if ap := a.AccessPoint; ap != nil {
		state := "switched on in Parvis"
		if !ap.Enabled {
			state = "SWITCHED OFF in Parvis"
		}
		add("Access point", ap.Name+", "+state)
	}
	switch {
	case a.NAS != nil:
		add("RADIUS client", a.NAS.Name+", known")
	case a.AccessPoint != nil:
		add("RADIUS client", t.text("console.explain.no_nas"))
	}
	p := a.Facts.Plan
	if p == nil {
		add("Plan", "none")
	} else {
		add("Plan", fmt.Sprintf("%s, %s down, %s up", p.Name, rateWords(p.DownKbps), rateWords(p.UpKbps)))
	}
	switch {
	case !a.ByLogin && a.Facts.Remembered.IsZero():
		add("Remembered", "no")
	case !a.ByLogin:
		add("Remembered", "until "+at(a.Facts.Remembered))
	case p != nil && p.DeviceSlots > 0:
		add("Devices on now", fmt.Sprintf("%d others, of %d places with this device", a.Facts.OtherDevices, p.DeviceSlots))
	}
	return list
}

// rateWords spells kbit/s; 0 means no limit.
func rateWords(kbps uint32) string {
	if kbps == 0 {
		return "no limit"
	}
	return strconv.FormatFloat(float64(kbps)/1000, 'f', -1, 64) + " Mbit/s"
}
