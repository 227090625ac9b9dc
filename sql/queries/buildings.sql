-- name: Yards :many
-- Yards is a page of yards by name, each with the number of its buildings.
SELECT y.id, y.name, y.version,
       (SELECT count(*) FROM buildings b WHERE b.tenant_id = y.tenant_id AND b.yard_id = y.id)::bigint AS buildings
FROM yards y WHERE y.tenant_id = @tenant_id AND y.name > @after::text
ORDER BY y.name LIMIT @page_size;

-- name: AddYard :execrows
-- AddYard makes a yard unless the name is taken.
INSERT INTO yards (tenant_id, id, name, created_at, updated_at) VALUES (@tenant_id, @id, @name, @now, @now)
ON CONFLICT (tenant_id, name) DO NOTHING;

-- name: KeepYard :one
-- KeepYard reads a yard and keeps it from being deleted until the unit ends.
SELECT * FROM yards WHERE tenant_id = @tenant_id AND id = @id FOR KEY SHARE;

-- name: LockYard :one
-- LockYard reads a yard for a change of it.
SELECT * FROM yards WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: RenameYard :exec
-- RenameYard changes a locked yard.
UPDATE yards SET name = @name, version = version + 1, updated_at = @now WHERE tenant_id = @tenant_id AND id = @id;

-- name: DeleteYard :exec
-- DeleteYard removes a locked yard in which nothing stands.
DELETE FROM yards WHERE tenant_id = @tenant_id AND id = @id;

-- name: YardUse :one
-- YardUse counts what stands in a yard.
SELECT count(*) FROM buildings WHERE tenant_id = @tenant_id AND yard_id = @yard_id;

-- name: Buildings :many
-- Buildings is a page of buildings by address, of one yard if it is given.
SELECT sqlc.embed(b), y.name AS yard,
       (SELECT count(*) FROM entrances e WHERE e.tenant_id = b.tenant_id AND e.building_id = b.id)::bigint AS entrances,
       (SELECT count(*) FROM apartments a WHERE a.tenant_id = b.tenant_id AND a.building_id = b.id)::bigint AS apartments
FROM buildings b JOIN yards y ON y.tenant_id = b.tenant_id AND y.id = b.yard_id
WHERE b.tenant_id = @tenant_id AND (sqlc.narg(yard_id)::uuid IS NULL OR b.yard_id = sqlc.narg(yard_id)) AND b.address > @after::text
ORDER BY b.address LIMIT @page_size;

-- name: SearchBuildings :many
-- SearchBuildings is a page of buildings whose address holds the text, or has
-- words like it; the nearest first. Yards are looked up last: joined, they lead
-- the planner away from the index of addresses. OFFSET 0 has the score computed once.
SELECT sqlc.embed(b), (SELECT y.name FROM yards y WHERE y.tenant_id = b.tenant_id AND y.id = b.yard_id)::text AS yard,
       near.score,
       (SELECT count(*) FROM entrances e WHERE e.tenant_id = b.tenant_id AND e.building_id = b.id)::bigint AS entrances,
       (SELECT count(*) FROM apartments a WHERE a.tenant_id = b.tenant_id AND a.building_id = b.id)::bigint AS apartments
FROM buildings b CROSS JOIN LATERAL (SELECT word_similarity(@q::text, b.search)::real AS score OFFSET 0) near
WHERE b.tenant_id = @tenant_id AND (sqlc.narg(yard_id)::uuid IS NULL OR b.yard_id = sqlc.narg(yard_id))
  AND (b.search LIKE @pattern::text OR @q::text <% b.search)
  AND (-near.score, b.address) > (-(@after_score::real), @after::text)
ORDER BY -near.score, b.address LIMIT @page_size;

-- name: Building :one
-- Building is one building with its yard and counts.
SELECT sqlc.embed(b), y.name AS yard,
       (SELECT count(*) FROM entrances e WHERE e.tenant_id = b.tenant_id AND e.building_id = b.id)::bigint AS entrances,
       (SELECT count(*) FROM apartments a WHERE a.tenant_id = b.tenant_id AND a.building_id = b.id)::bigint AS apartments
FROM buildings b JOIN yards y ON y.tenant_id = b.tenant_id AND y.id = b.yard_id
WHERE b.tenant_id = @tenant_id AND b.id = @id;

-- name: AddBuilding :execrows
-- AddBuilding makes a building unless the address is taken.
INSERT INTO buildings (tenant_id, id, yard_id, address, lat, lon, search, created_at, updated_at)
VALUES (@tenant_id, @id, @yard_id, @address, @lat, @lon, @search, @now, @now)
ON CONFLICT (tenant_id, address) DO NOTHING;

-- name: BuildingExists :one
-- BuildingExists finds a building whose parts are asked for.
SELECT id FROM buildings WHERE tenant_id = @tenant_id AND id = @id;

-- name: KeepBuilding :one
-- KeepBuilding reads a building and keeps it from being deleted until the unit ends.
SELECT * FROM buildings WHERE tenant_id = @tenant_id AND id = @id FOR KEY SHARE;

-- name: LockBuilding :one
-- LockBuilding reads a building for a change of it.
SELECT * FROM buildings WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: UpdateBuilding :exec
-- UpdateBuilding changes a locked building.
UPDATE buildings SET yard_id = @yard_id, address = @address, lat = @lat, lon = @lon, search = @search, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND id = @id;

-- name: DeleteBuilding :exec
-- DeleteBuilding removes a locked building that nothing refers to.
DELETE FROM buildings WHERE tenant_id = @tenant_id AND id = @id;

-- name: BuildingUse :one
-- BuildingUse counts what refers to a building; of requests, up to a thousand.
SELECT (SELECT count(*) FROM entrances e WHERE e.tenant_id = @tenant_id AND e.building_id = @building_id)::bigint AS entrances,
       (SELECT count(*) FROM apartments a WHERE a.tenant_id = @tenant_id AND a.building_id = @building_id)::bigint AS apartments,
       (SELECT count(*) FROM (SELECT 1 FROM requests r WHERE r.tenant_id = @tenant_id AND r.building_id = @building_id LIMIT 1000) counted)::bigint AS requests;

-- name: Entrances :many
-- Entrances is a page of a building's entrances, each with the number of its apartments.
SELECT e.id, e.number, e.sort_key,
       (SELECT count(*) FROM apartments a WHERE a.tenant_id = e.tenant_id AND a.entrance_id = e.id)::bigint AS apartments
FROM entrances e WHERE e.tenant_id = @tenant_id AND e.building_id = @building_id AND (e.sort_key, e.id) > (@after_key::text, @after_id::uuid)
ORDER BY e.sort_key, e.id LIMIT @page_size;

-- name: AddEntrance :execrows
-- AddEntrance makes an entrance unless the building has that number.
INSERT INTO entrances (tenant_id, id, building_id, number) VALUES (@tenant_id, @id, @building_id, @number)
ON CONFLICT (tenant_id, building_id, number) DO NOTHING;

-- name: KeepEntrance :one
-- KeepEntrance reads an entrance of a building and keeps it from being deleted until the unit ends.
SELECT * FROM entrances WHERE tenant_id = @tenant_id AND building_id = @building_id AND id = @id FOR KEY SHARE;

-- name: LockEntrance :one
-- LockEntrance reads an entrance in order to delete it.
SELECT * FROM entrances WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: DeleteEntrance :exec
-- DeleteEntrance removes a locked entrance without apartments.
DELETE FROM entrances WHERE tenant_id = @tenant_id AND id = @id;

-- name: EntranceUse :one
-- EntranceUse counts the apartments of an entrance.
SELECT count(*) FROM apartments WHERE tenant_id = @tenant_id AND entrance_id = @entrance_id::uuid;

-- name: ApartmentsOf :many
-- ApartmentsOf is a page of a building's apartments in the order of their
-- numbers, of one entrance if it is given.
SELECT sqlc.embed(a), coalesce(e.number, '')::text AS entrance
FROM apartments a LEFT JOIN entrances e ON e.tenant_id = a.tenant_id AND e.id = a.entrance_id
WHERE a.tenant_id = @tenant_id AND a.building_id = @building_id
  AND (sqlc.narg(entrance_id)::uuid IS NULL OR a.entrance_id = sqlc.narg(entrance_id))
  AND (a.sort_key, a.id) > (@after_key::text, @after_id::uuid)
ORDER BY a.sort_key, a.id LIMIT @page_size;

-- name: ApartmentDetails :one
-- ApartmentDetails is an apartment with where it lies.
SELECT sqlc.embed(a), coalesce(e.number, '')::text AS entrance, b.address, b.yard_id, y.name AS yard
FROM apartments a
JOIN buildings b ON b.tenant_id = a.tenant_id AND b.id = a.building_id
JOIN yards y ON y.tenant_id = b.tenant_id AND y.id = b.yard_id
LEFT JOIN entrances e ON e.tenant_id = a.tenant_id AND e.id = a.entrance_id
WHERE a.tenant_id = @tenant_id AND a.id = @id;

-- name: AddApartment :execrows
-- AddApartment makes an apartment unless the building has that number.
INSERT INTO apartments (tenant_id, id, building_id, entrance_id, number, floor, created_at, updated_at)
VALUES (@tenant_id, @id, @building_id, @entrance_id, @number, @floor, @now, @now)
ON CONFLICT (tenant_id, building_id, number) DO NOTHING;

-- name: LockApartment :one
-- LockApartment reads an apartment for a change of it.
SELECT * FROM apartments WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: UpdateApartment :exec
-- UpdateApartment changes a locked apartment.
UPDATE apartments SET entrance_id = @entrance_id, number = @number, floor = @floor, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND id = @id;

-- name: DeleteApartment :exec
-- DeleteApartment removes a locked apartment that nothing refers to.
DELETE FROM apartments WHERE tenant_id = @tenant_id AND id = @id;

-- name: ApartmentUse :one
-- ApartmentUse counts what refers to an apartment.
SELECT (SELECT count(*) FROM user_apartments u WHERE u.tenant_id = @tenant_id AND u.apartment_id = @apartment_id)::bigint AS people,
       (SELECT count(*) FROM invitations i WHERE i.tenant_id = @tenant_id AND i.apartment_id = @apartment_id::uuid)::bigint AS invitations,
       (SELECT count(*) FROM (SELECT 1 FROM requests r WHERE r.tenant_id = @tenant_id AND r.apartment_id = @apartment_id::uuid LIMIT 1000) counted)::bigint AS requests;

-- name: LockImport :one
-- LockImport lets one import at a time into a company; everything else goes on.
SELECT tenant_id FROM companies WHERE tenant_id = @tenant_id FOR NO KEY UPDATE;

-- name: YardsNamed :many
-- YardsNamed finds yards by their names.
SELECT id, name FROM yards WHERE tenant_id = @tenant_id AND name = ANY (@names::text[]);

-- name: ImportYards :exec
-- ImportYards makes the yards of a file that are not there.
INSERT INTO yards (tenant_id, id, name, created_at, updated_at)
SELECT @tenant_id, unnest(@ids::uuid[]), unnest(@names::text[]), @now, @now
ON CONFLICT (tenant_id, name) DO NOTHING;

-- name: BuildingsAt :many
-- BuildingsAt finds buildings by their addresses.
SELECT id, yard_id, address, lat, lon FROM buildings WHERE tenant_id = @tenant_id AND address = ANY (@addresses::text[]);

-- name: ImportBuildings :exec
-- ImportBuildings makes or changes the buildings of a file; coordinates that
-- are NaN there stay as they are.
INSERT INTO buildings (tenant_id, id, yard_id, address, lat, lon, search, created_at, updated_at)
SELECT @tenant_id, f.id, f.yard_id, f.address, nullif(f.lat, 'NaN'), nullif(f.lon, 'NaN'), f.search, @now::timestamptz, @now::timestamptz
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@yard_ids::uuid[]) AS yard_id, unnest(@addresses::text[]) AS address,
             unnest(@lats::float8[]) AS lat, unnest(@lons::float8[]) AS lon, unnest(@searches::text[]) AS search) f
ORDER BY f.address
ON CONFLICT (tenant_id, address) DO UPDATE SET
    yard_id = excluded.yard_id, lat = coalesce(excluded.lat, buildings.lat), lon = coalesce(excluded.lon, buildings.lon),
    version = buildings.version + 1, updated_at = excluded.updated_at;

-- name: EntrancesNumbered :many
-- EntrancesNumbered finds entrances by building and number.
SELECT e.id, e.building_id, e.number FROM (SELECT unnest(@building_ids::uuid[]) AS building_id, unnest(@numbers::text[]) AS number) f
JOIN entrances e ON e.tenant_id = @tenant_id AND e.building_id = f.building_id AND e.number = f.number;

-- name: ImportEntrances :exec
-- ImportEntrances makes the entrances of a file that are not there.
INSERT INTO entrances (tenant_id, id, building_id, number)
SELECT @tenant_id, unnest(@ids::uuid[]), unnest(@building_ids::uuid[]), unnest(@numbers::text[])
ON CONFLICT (tenant_id, building_id, number) DO NOTHING;

-- name: ApartmentsNumbered :many
-- ApartmentsNumbered finds apartments by building and number.
SELECT a.id, a.building_id, a.number, a.entrance_id, a.floor
FROM (SELECT unnest(@building_ids::uuid[]) AS building_id, unnest(@numbers::text[]) AS number) f
JOIN apartments a ON a.tenant_id = @tenant_id AND a.building_id = f.building_id AND a.number = f.number;

-- name: ImportApartments :exec
-- ImportApartments makes or changes the apartments of a file; an entrance of
-- zeros and a floor of -32768 stay as they are.
INSERT INTO apartments (tenant_id, id, building_id, entrance_id, number, floor, created_at, updated_at)
SELECT @tenant_id, f.id, f.building_id, nullif(f.entrance_id, '00000000-0000-0000-0000-000000000000'), f.number, nullif(f.floor, -32768), @now::timestamptz, @now::timestamptz
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@building_ids::uuid[]) AS building_id, unnest(@entrance_ids::uuid[]) AS entrance_id,
             unnest(@numbers::text[]) AS number, unnest(@floors::smallint[]) AS floor) f
ORDER BY f.building_id, f.number
ON CONFLICT (tenant_id, building_id, number) DO UPDATE SET
    entrance_id = coalesce(excluded.entrance_id, apartments.entrance_id), floor = coalesce(excluded.floor, apartments.floor),
    version = apartments.version + 1, updated_at = excluded.updated_at;
