#include "node/cli/feeder_story.h"

#define BAMF RG_FEEDER_STORY_BAMF
#define LDS RG_FEEDER_STORY_LDS
#define END                                                                                        \
    {                                                                                              \
        BAMF, NULL, NULL, NULL                                                                     \
    }

static const struct rg_feeder_story_step straight[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "ok"},
    {BAMF, "avb_angebot", "stufe", "1"},
    {BAMF, "avb1_termin_geplant", "termin", NULL},
    {BAMF, "avb_abgeschlossen", "ergebnis", "teilgenommen"},
    {LDS, "bereit_fuer_aktenanlage", NULL, NULL},
    {BAMF, "aktenanlage_termin_geplant", "termin", NULL},
    {BAMF, "aktenanlage_erfolgt", NULL, NULL},
    {BAMF, "anhoerung_termin_geplant", "termin", NULL},
    {BAMF, "anhoerung_erfolgt", NULL, NULL},
    {BAMF, "anhoerung_erledigt", "art", "durchgefuehrt"},
    END,
};

static const struct rg_feeder_story_step elsewhere[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "ok"},
    {LDS, "easy_abverteilung", "ziel_land", "BE"},
    END,
};

/* R03, critical: the file before the identity check. */
static const struct rg_feeder_story_step no_identity[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "avb_angebot", "stufe", "1"},
    {LDS, "bereit_fuer_aktenanlage", NULL, NULL},
    {BAMF, "aktenanlage_termin_geplant", "termin", NULL},
    {BAMF, "aktenanlage_erfolgt", NULL, NULL},
    {BAMF, "anhoerung_termin_geplant", "termin", NULL},
    END,
};

/* R11, warning: an appointment before the case was reported ready. */
static const struct rg_feeder_story_step not_ready[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "ok"},
    {BAMF, "aktenanlage_termin_geplant", "termin", NULL},
    {LDS, "bereit_fuer_aktenanlage", NULL, NULL},
    {BAMF, "aktenanlage_erfolgt", NULL, NULL},
    END,
};

/* R13, warning: the file without an appointment; then R17a, critical: the file twice. */
static const struct rg_feeder_story_step file_twice[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "ok"},
    {LDS, "bereit_fuer_aktenanlage", NULL, NULL},
    {BAMF, "aktenanlage_erfolgt", NULL, NULL},
    {BAMF, "aktenanlage_erfolgt", NULL, NULL},
    END,
};

/* R21a, warning, and R21b, critical: a hearing without a file. */
static const struct rg_feeder_story_step hearing_first[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "klaerung"},
    {BAMF, "anhoerung_termin_geplant", "termin", NULL},
    {BAMF, "anhoerung_erfolgt", NULL, NULL},
    END,
};

/* R17b, warning: registered twice. */
static const struct rg_feeder_story_step registered_twice[] = {
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {LDS, "registrierung_abgeschlossen", NULL, NULL},
    {BAMF, "id_check_abgeschlossen", "ergebnis", "ok"},
    END,
};

static const struct rg_feeder_story stories[] = {
    {"as it should be", straight, 50},
    {"the file before the identity check", no_identity, 10},
    {"an appointment before the case is ready", not_ready, 10},
    {"distributed elsewhere", elsewhere, 10},
    {"the file twice", file_twice, 7},
    {"a hearing without a file", hearing_first, 6},
    {"registered twice", registered_twice, 7},
};

#define STORIES (sizeof stories / sizeof stories[0])

const struct rg_feeder_story *rg_feeder_story_pick(struct rg_prng *prng, uint64_t n)
{
    if (n < STORIES) {
        return &stories[n];
    }
    uint64_t at = rg_prng_below(prng, 100);
    for (size_t i = 0; i < STORIES; i++) {
        if (at < stories[i].weight) {
            return &stories[i];
        }
        at -= stories[i].weight;
    }
    return &stories[0];
}
