package workers

import (
	"fmt"
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/golden"
)

func TestAddress(t *testing.T) {
	const resolved, changed = "resolved 41.3,69.2", "changed"
	for sentence, tc := range map[string]struct{ more, want string }{
		"lat and lon":                          {`"lat":41.3,"lon":69.2`, resolved},
		"lat and lon as text":                  {`"lat":"41.3","lon":"69.2"`, resolved},
		"a point":                              {`"point":{"lat":41.3,"lon":69.2}`, resolved},
		"coordinates, longitude first":         {`"coordinates":[69.2,41.3]`, resolved},
		"coordinates with a height":            {`"coordinates":[69.2,41.3,455]`, resolved},
		"a geometry of GeoJSON":                {`"geometry":{"type":"Point","coordinates":[69.2,41.3]}`, resolved},
		"a wrong pair before a right one":      {`"lat":999,"lon":69.2,"point":{"lat":41.3,"lon":69.2}`, resolved},
		"halves of two pairs are none":         {`"lat":41.3,"point":{"lon":69.2}`, changed},
		"the corners of the Earth":             {`"lat":-90,"lon":180`, "resolved -90,180"},
		"no coordinates":                       {`"city":"Ташкент"`, changed},
		"nulls":                                {`"lat":null,"lon":null,"point":null,"coordinates":null,"geometry":null`, changed},
		"latitude alone":                       {`"lat":41.3`, changed},
		"latitude beyond the pole":             {`"lat":90.01,"lon":69.2`, changed},
		"longitude beyond the date line":       {`"lat":41.3,"lon":-180.5`, changed},
		"what is no number":                    {`"lat":"NaN","lon":"Inf"`, changed},
		"numbers beyond all":                   {`"lat":1e999,"lon":0`, changed},
		"words":                                {`"lat":"north","lon":{"deg":1}`, changed},
		"coordinates that are a line":          {`"coordinates":[[69.2,41.3],[69.3,41.4]]`, changed},
		"one coordinate":                       {`"coordinates":[69.2]`, changed},
		"a point of another shape":             {`"point":[41.3,69.2]`, changed},
		"a geometry of another shape":          {`"geometry":"Point"`, changed},
		"coordinates that are an object":       {`"coordinates":{"lat":41.3,"lon":69.2}`, changed},
		"too many coordinates":                 {`"coordinates":[1,2,3,4]`, changed},
		"a polygon's geometry is no one point": {`"geometry":{"type":"Polygon","coordinates":[[[1,2],[3,4]]]}`, changed},
	} {
		t.Run(sentence, func(t *testing.T) {
			derived := handled(t, hook("yandex", "a", `{"address":"Навои, 12",`+tc.more+`}`)).Derived
			data := derived[0].Data.(events.Address)
			got := "changed"
			if data.Lat != nil && data.Lon != nil {
				got = fmt.Sprintf("resolved %v,%v", *data.Lat, *data.Lon)
			}
			change, _, _ := strings.Cut(got, " ")
			if got != tc.want || derived[0].Type != "geocoding.address."+change || derived[0].Subject != "integration.geocoding.acme.address."+change {
				t.Errorf("%s became %s, %+v; want %s", tc.more, got, derived, tc.want)
			}
		})
	}
}

func TestAddressOfABuilding(t *testing.T) {
	for sentence, tc := range map[string]struct{ body, address, building string }{
		"an id that is text":          {`{"address":" Навои, 12 ","building_id":"b-7"}`, "Навои, 12", "b-7"},
		"an id that is a number":      {`{"address":"Навои, 12","building_id":7001}`, "Навои, 12", "7001"},
		"no id":                       {`{"address":"Навои, 12","building_id":null}`, "Навои, 12", ""},
		"the properties of a feature": {`{"type":"Feature","properties":{"address":"Навои, 12","building_id":7}}`, "Навои, 12", "7"},
		"the body before properties":  {`{"address":"Навои, 12","building_id":1,"properties":{"address":"x","building_id":2}}`, "Навои, 12", "1"},
		"NUL in an address":           {`{"address":"a\u0000b"}`, "ab", ""},
		"a long address is cut":       {`{"address":"` + strings.Repeat("д", 600) + `"}`, strings.Repeat("д", 500), ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			data := handled(t, hook("yandex", "a", tc.body)).Derived[0].Data.(events.Address)
			if data.Address != tc.address || data.Building != tc.building || data.Source != "yandex" {
				t.Errorf("%s became %+v", tc.body, data)
			}
		})
	}
}

func TestAddressRefusesWhatIsNone(t *testing.T) {
	for sentence, tc := range map[string]struct{ body, words string }{
		"nothing at all":           {"", "the body is no JSON object"},
		"a form":                   {"address=" + secretWord, "the body is no JSON object"},
		"a list":                   {`["` + secretWord + `"]`, "the body is no JSON object"},
		"coordinates alone":        {`{"lat":41.3,"lon":69.2}`, "address is missing"},
		"a blank address":          {`{"address":" \u0000 "}`, "address is missing"},
		"an address by parts":      {`{"address":{"street":"` + secretWord + `"}}`, "address is no string"},
		"properties that are text": {`{"properties":"` + secretWord + `"}`, "properties is no object"},
		"an id that is a list":     {`{"address":"a","building_id":["` + secretWord + `"]}`, "building_id is no string"},
		"an id of great length":    {`{"address":"a","building_id":"` + strings.Repeat("7", 256) + `"}`, "building_id is too long"},
		"a number of great length": {`{"address":"a","building_id":` + strings.Repeat("7", 256) + `}`, "building_id is no string"},
	} {
		t.Run(sentence, func(t *testing.T) { refused(t, hook("yandex", "a", tc.body), "address: "+tc.words) })
	}
}

func TestAddressGolden(t *testing.T) {
	body := `{"address":"Ташкент, Навои, 12","building_id":"b-7","coordinates":[69.2401,41.2995]}`
	golden.Equal(t, "address_resolved.golden", shown(t, handled(t, hook("yandex", "building.moved", body))))
}
