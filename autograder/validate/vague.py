"""Tell a hint that names a mistake from one that fits every mistake."""

import re

LEAST_WORDS = 2
"""A hint with fewer words that tell something names nothing."""
SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """
        a about acceptable actual advice advise again ahead alas all almost aloud also although always amazing
        an and another answer answers any anything approach are article as ask asked asking assignment
        assignments assistant assistants assume assumed assumption assumptions at attempt attention aware away
        awful back bad basics be because become becomes been begin beginner beginners behavior behaviour being
        believe best better big book brave break breaks brilliant broken bug buggy bugs but by calm can cannot
        care careful carefully carry case chance chapter chapters chat check checked checks class classic
        classmate classmates clean cleaner clear clearly clever click close closer code coffee colleague come
        comes common compare complete compute computed computes computing concentrate concept confidence
        confident confused consider considered consult contains corner corners correct correctly cost costs
        could courage course coursework curious curiously deal debug debugger debugging deserve deserves
        design designed detail details did didn differ different differs dig disappointed disappointing
        disappointment discuss diverge do docs docstring documentation does doesn doing don done duck dumb
        each easy effort either else email encourage encouraged encouraging enough error errors especially
        essential even evening every everybody everyone everything everywhere exactly exam examine examining
        example examples exams excellent exercise expected explain explained explanation eye eyes facts fail
        failed failing fails failure failures fairly familiar fantastic far fault faulty finally find fine
        finish finished fix fixed flaw flawed flaws focus follow followed following for forget forgot form
        forum found fresh friend friends from function functions funny further general get give given gives
        glad glance glitch glitches go gone good google got grade graded grader great guess had handing
        happens happy hard harder hardly has have help here hi hidden hint hmm homework honest hope horrible
        how however hurried hurry idea ideas if implement implementation implemented important impressive
        improve improvement improvements in inaccurate inappropriate incomplete inconsistency inconsistent
        incorrect incorrectly inspect inspecting inspection instead instructions instructor instructors
        intermediate into invalid is isn issue it its job just keep kind kindly know knowledge lab learn
        learned learning lecture lecturer lectures lesson lessons let life like line lines literature little
        ll logic look looks lost lot luck lucky made mail make makes manual many match matches material math
        maths matter matters may maybe mess message messy method might mind
        mistake mistakes misunderstand misunderstanding misunderstood module more move much must nearly neat
        need needed needs never newcomer next nice no not note notebook notes nothing now numpy obvious
        obviously odd oddly of off office often oh ok old on once one online only oops open or ordinary other
        otherwise our output outputs overall overlook overlooked overlooking oversight page pages paid paper
        paragraph part particular partner pass passed passes patience pay peer peers people perfect perhaps
        persevere persist persistence person piazza place please point points poor poorly possible practice
        previous principle printing probably problem problems proceed professor program programmer programming
        progress promising proofread properly proud prove questions quite quiz rather re read reading ready
        real really reason reasonable recheck reconsider reconsidered refer reference refine regret related
        relax relevant remember remind report request requirement requirements reread research rest resubmit
        resubmitting result results rethink return returned returns review revise revised revision revisit
        revisiting rework rewrite rewriting right rookie rubber rush rushed s sad same say says score section
        sections see seem seems sense sentence serious session several shame shell should show silly simple
        simpler simplify simply since situation slack sleep slide slides slightly slip slips sloppy slowly
        small smart so solution solve solved some someone something somewhat somewhere sorry special
        specification specifications spend stack stand started statement statements stay step steps still
        strange strangely stubborn stuck students studied study stuff stupid style submission submit submitted
        submitting subtle success such suggest suitable support suppose sure suspect suspicious suspiciously
        syllabus t take taken takes talk task teacher teaching tell terrible test tested tests text textbook
        than that the their them then theory there these they thing things think this thorough thoroughly
        those though thought through tired to today together tomorrow too took topic totally track tried tries
        trouble troubles true truly try trying tutor tutorial tutors tweak tweaks typical typo typos unable
        unacceptable unclear understand unexpected unexpectedly unfortunately unlucky until untrue unusual up
        us use used useful uses using usual usually value values various ve verify verifying very video want
        wanted was wasn way ways we week weeks weird weirdly well were what whatever when where which while
        who whole why wiki wikipedia will wish with within without won wonder wonderful word words work
        working works world worry worse worst worth would wow write writing written wrong wrongdoing wrongly
        yesterday yet you your yours yourself
        """,
    )
)
"""Words of praise, reproach and advice, and words that fit every program: they tell a student nothing."""


def names_nothing(hint: str) -> bool:
    """Return whether a hint fits every mistake: it consists of words that tell a student nothing."""
    return len(set(re.findall(r"\w+", hint.lower())) - SAY_NOTHING) < LEAST_WORDS
