package workers

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"ukbot/events"
	"ukbot/nats"
)

// Address announces a building's address: resolved where the sender knows its
// coordinates, else changed, for somebody to geocode. Yandex Maps has no
// webhooks of its own: the body is {"address", "building_id"} with the
// coordinates in one of the places of locate, or a GeoJSON feature that has the
// first two among its properties.
func Address(w events.Webhook) (Effects, error) {
	body := readFields(w.Data)
	properties := body.object("properties")
	address := body.text(textMax, "address")
	if address == "" {
		address = properties.text(textMax, "address")
	}
	building := buildingID(body)
	if building == "" {
		building = buildingID(properties)
	}
	lat, lon := locate(body)
	body.need("address", address)
	if err := body.err(); err != nil {
		return Effects{}, nats.Permanent(fmt.Errorf("address: %w", err))
	}
	derived := Derived{
		Name: "address", Type: events.TypeAddressChanged, Subject: events.GeocodingSubject(w.Tenant, "changed"),
		Data: events.Address{Address: address, Building: building, Lat: lat, Lon: lon, Source: w.Source},
	}
	if lat != nil {
		derived.Type, derived.Subject = events.TypeAddressResolved, events.GeocodingSubject(w.Tenant, "resolved")
	}
	return Effects{Derived: []Derived{derived}}, nil
}

// buildingID is an id in the sender's directory, which may count in numbers.
func buildingID(f fields) string {
	const name = "building_id"
	if raw := f.raw(name); len(raw) <= idMax && json.Unmarshal(raw, new(float64)) == nil {
		return string(raw)
	}
	return f.id(name)
}

// locate is the first whole pair of coordinates on Earth, of the body's lat and
// lon, its point's, its coordinates (longitude first, as in GeoJSON) or its
// geometry's. What is none, in any way, is passed over: the address still counts.
func locate(body fields) (lat, lon *float64) {
	point, geometry := members(body.raw("point")), members(body.raw("geometry"))
	pairs := [][2]json.RawMessage{
		{body.raw("lat"), body.raw("lon")},
		{last(point, "lat"), last(point, "lon")},
		lonLat(body.raw("coordinates")),
		lonLat(last(geometry, "coordinates")),
	}
	for _, pair := range pairs {
		lat, okLat := degrees(pair[0], 90)
		lon, okLon := degrees(pair[1], 180)
		if okLat && okLon {
			return &lat, &lon
		}
	}
	return nil, nil
}

// lonLat turns GeoJSON's order around; a third coordinate is the height.
func lonLat(raw json.RawMessage) [2]json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) < 2 || len(list) > 3 {
		return [2]json.RawMessage{}
	}
	return [2]json.RawMessage{list[1], list[0]}
}

// degrees reads a number, or a string that is one, from -limit to limit.
func degrees(raw json.RawMessage, limit float64) (float64, bool) {
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		text = unquote(raw)
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && math.Abs(value) <= limit // false for NaN
}
