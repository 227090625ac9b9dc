package shifts

import (
	"testing"

	"ukbot/api"
)

func TestSpansOfAWeekMeet(t *testing.T) {
	span := func(weekday int, starts, ends string) api.ScheduleSpan {
		return api.ScheduleSpan{Weekday: weekday, Starts: starts, Ends: ends}
	}
	for name, tc := range map[string]struct {
		a, b api.ScheduleSpan
		want bool
	}{
		"different days":                     {span(1, "08:00", "20:00"), span(2, "08:00", "20:00"), false},
		"one after the other":                {span(1, "08:00", "12:00"), span(1, "12:00", "20:00"), false},
		"a shared hour":                      {span(1, "08:00", "13:00"), span(1, "12:00", "20:00"), true},
		"one inside the other":               {span(1, "08:00", "20:00"), span(1, "12:00", "13:00"), true},
		"the same":                           {span(3, "08:00", "20:00"), span(3, "08:00", "20:00"), true},
		"a night into the next day":          {span(1, "20:00", "08:00"), span(2, "07:59", "12:00"), true},
		"a night up to the next day's start": {span(1, "20:00", "08:00"), span(2, "08:00", "12:00"), false},
		"Sunday's night into Monday":         {span(7, "20:00", "08:00"), span(1, "07:00", "12:00"), true},
		"Sunday's night up to Monday":        {span(7, "20:00", "08:00"), span(1, "08:00", "12:00"), false},
		"round the clock into the next day":  {span(7, "08:00", "08:00"), span(1, "07:59", "09:00"), true},
		"two days round the clock":           {span(7, "08:00", "08:00"), span(1, "08:00", "08:00"), false},
		"ends at midnight":                   {span(1, "16:00", "00:00"), span(2, "00:00", "08:00"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if meets(tc.a, tc.b) != tc.want || meets(tc.b, tc.a) != tc.want {
				t.Errorf("%v and %v meet: %v and %v, want %v", tc.a, tc.b, meets(tc.a, tc.b), meets(tc.b, tc.a), tc.want)
			}
		})
	}
}
