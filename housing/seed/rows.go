package seed

import (
	"context"
	"fmt"

	"ukbot/sql/db"
)

// rows is what is to be stored, by table.
type rows struct {
	town     *town
	users    []db.SeedUsersParams
	homes    []db.SeedHomesParams
	shifts   []db.SeedShiftsParams
	numbers  []db.SeedNumbersParams
	requests []db.SeedRequestsParams
	history  []db.SeedHistoryParams
	comments []db.SeedCommentsParams
}

// add adds what happened in stories.
func (r *rows) add(stories ...*story) {
	for _, s := range stories {
		r.history = append(r.history, s.history...)
		r.comments = append(r.comments, s.comments...)
	}
}

// copy stores the rows, each table after those that it points to.
func (r *rows) copy(ctx context.Context, q *db.Queries) error {
	if r.town == nil {
		r.town = &town{}
	}
	return first(
		stored(ctx, "yards", r.town.yards, q.SeedYards),
		stored(ctx, "buildings", r.town.buildings, q.SeedBuildings),
		stored(ctx, "entrances", r.town.entrances, q.SeedEntrances),
		stored(ctx, "apartments", r.town.apartments, q.SeedApartments),
		stored(ctx, "users", r.users, q.SeedUsers),
		stored(ctx, "homes", r.homes, q.SeedHomes),
		stored(ctx, "shifts", r.shifts, q.SeedShifts),
		stored(ctx, "numbers", r.numbers, q.SeedNumbers),
		stored(ctx, "requests", r.requests, q.SeedRequests),
		stored(ctx, "history", r.history, q.SeedHistory),
		stored(ctx, "comments", r.comments, q.SeedComments),
	)
}

// stored is one table's turn.
func stored[T any](ctx context.Context, table string, of []T, copyIn func(context.Context, []T) (int64, error)) func() error {
	return func() error {
		if len(of) == 0 {
			return nil
		}
		if _, err := copyIn(ctx, of); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		return nil
	}
}

// first does one after the other until one fails.
func first(turns ...func() error) error {
	for _, turn := range turns {
		if err := turn(); err != nil {
			return err
		}
	}
	return nil
}

// requestRows are the requests of stories as they have become.
func requestRows(stories []*story) []db.SeedRequestsParams {
	all := make([]db.SeedRequestsParams, len(stories))
	for i, s := range stories {
		all[i] = requestRow(s.r)
	}
	return all
}

func requestRow(r db.Request) db.SeedRequestsParams {
	return db.SeedRequestsParams{
		TenantID: r.TenantID, ID: r.ID, Number: r.Number, Status: r.Status, Category: r.Category, Urgency: r.Urgency,
		Description: r.Description, BuildingID: r.BuildingID, ApartmentID: r.ApartmentID, Address: r.Address,
		ApplicantID: r.ApplicantID, CreatedBy: r.CreatedBy, ExecutorID: r.ExecutorID, StatusSince: r.StatusSince,
		ReactedAt: r.ReactedAt, CompletedAt: r.CompletedAt, ClosedAt: r.ClosedAt,
		ReactionSeconds: r.ReactionSeconds, CompletionSeconds: r.CompletionSeconds,
		ReactionDue: r.ReactionDue, CompletionDue: r.CompletionDue, PausedAt: r.PausedAt,
		ReactionWarnedAt: r.ReactionWarnedAt, ReactionOverdueAt: r.ReactionOverdueAt,
		CompletionWarnedAt: r.CompletionWarnedAt, CompletionOverdueAt: r.CompletionOverdueAt,
		Stars: r.Stars, Review: r.Review, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}
