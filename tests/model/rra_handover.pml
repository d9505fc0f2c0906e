/* The end of an epoch, for who missed it: everybody of the new set begins the new epoch
 * (docs/consensus.md, "Change of the authorities"). Old set: nodes 0 to 2 and a liar; new set: nodes 1 to 3
 * and a liar; 3 follows the ledger from outside until then. The block that ends the epoch is notarized; votes to
 * finalize it are lost or not until `gst`, as are relays of the Final. Who has begun the new epoch has
 * sealed its old journal: it sends no old vote again, but answers a status of the old epoch with the
 * boundary Final. The liar helps or not. Every run ends; then all of the new set must be there.
 * Mutant: NO_ANSWER. */
#define H 4
byte f[3];      /* bit i: the vote of this node to finalize has reached node i */
bool cast[3];
bool begun[H];
bool gst;
bool helps[H];  /* the liar's vote reaches node i */
#define GOT(i) (((f[0] >> (i)) & 1) + ((f[1] >> (i)) & 1) + ((f[2] >> (i)) & 1) + helps[i] >= 3)
#define RESEND(j, i) \
    :: atomic { cast[j] && !begun[j] && !begun[i] && ((f[j] >> (i)) & 1) == 0 -> f[j] = f[j] | (1 << (i)) }
#ifdef NO_ANSWER
#define HEARD !gst /* the relay of the Final alone, R0 */
#else
#define HEARD true
#endif
#define ANSWER(j, i) :: atomic { HEARD && begun[j] && !begun[i] -> begun[i] = true }

proctype node(byte i)
{
end:
    do
    :: atomic { i < 3 && !cast[i % 3] && !begun[i] -> cast[i % 3] = true; f[i % 3] = 1 << i }
    RESEND(0, i)
    RESEND(1, i)
    RESEND(2, i)
    :: atomic { GOT(i) && !begun[i] -> begun[i] = true }
    ANSWER(0, i) ANSWER(1, i) ANSWER(2, i) ANSWER(3, i)
    od
}

#define there (begun[1] && begun[2] && begun[3])

init {
    atomic {
        if
        :: helps[0] = true
        :: true
        fi;
        if
        :: helps[1] = true
        :: true
        fi;
        if
        :: helps[2] = true
        :: true
        fi;
        if
        :: helps[3] = true
        :: true
        fi;
        run node(0); run node(1); run node(2); run node(3)
    }
    gst = true;
    timeout;
#ifdef REACH
    bool reached = false;
    assert(reached);
#endif
    assert(there)
}
