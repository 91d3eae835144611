"""Tell a hint that names a mistake from one that fits every mistake."""

import re

LEAST_WORDS = 2
"""A hint with fewer words that tell something names nothing."""
SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """
        a about advice advise again ahead alas all almost also although always an and another answer answers
        any anything approach are article as ask asked asking assignment at attempt attention aware away awful
        back bad basics be because been begin being believe best better big book broken bug buggy bugs but by
        can cannot care careful carefully carry case chance chapter check checked checks class clean clear
        clearly click close code colleague come comes common compare complete compute computed computes
        computing concentrate concept confused consider considered contains correct correctly could course
        coursework debug debugger debugging detail details did didn differ different differs dig discuss do
        docs docstring documentation does doing don done each easy effort either else encouraging enough error
        errors especially essential even evening every everybody everyone everything everywhere exactly
        examine example examples excellent exercise expected explain explained explanation facts fail failed
        failing fails fairly familiar far fault faulty finally find fine finish finished fix fixed flaw flaws
        focus follow followed following for forget forgot form forum found friend friends from function
        functions funny further general get give given gives glance go gone good google got grade graded
        grader great guess had happens hard harder hardly has have help here hi hidden hint hmm homework
        honest hope how however idea ideas if implement implementation implemented improve in inaccurate
        inappropriate incomplete incorrect incorrectly inspect instead instructions instructor instructors
        into invalid is issue it its job just keep kind kindly know knowledge lab learn learned learning
        lecture lecturer lectures lesson let life like line lines literature little look looks lost lot made
        make makes manual many match matches material math maths matter matters may maybe mess message messy
        method might mind mistake mistakes module more move much must nearly neat need needed needs never next
        nice no not note notebook notes nothing now numpy obvious obviously of off office often oh ok old on
        once one online only oops open or ordinary other otherwise our output outputs overall page pages paper
        part particular pass passed passes patience people perfect perhaps person place please point points
        possible practice precise previous principle probably problem problems proceed program progress
        promising proofread properly prove questions quite rather read reading ready real really reason
        reasonable recall recheck refer reference regret related relevant remember remind report request
        reread research rest result results rethink return returned returns review revise right s same say
        says score section see seem seems sense serious session several shame shell should show simple simply
        since situation slide slides slightly sloppy small smart so solution solve solved some someone
        something somewhere sorry special specification spend stack stand started statement statements stay
        step steps still stuck students studied study stuff stupid style submission submit submitted
        submitting subtle success such suggest suitable support suppose sure suspicious syllabus t talk task
        teacher tell terrible test tested tests text textbook than that the their them then theory there these
        they thing things think this thorough thoroughly those though thought through to today together
        tomorrow too topic totally track trouble true truly try trying tutor tutorial tutors typical unable
        unclear understand unexpected unfortunately until untrue up us use used useful uses using usual
        usually value values various verify very video want wanted was way ways we week weeks well were what
        whatever when where which while who whole why wiki wikipedia will wish with within without wonder word
        words work working works world worry worse worst worth would write writing written wrong wrongly
        yesterday yet you your yours yourself
        """,
    )
)
"""Words of praise, reproach and advice, and words that fit every program: they tell a student nothing."""


def names_nothing(hint: str) -> bool:
    """Return whether a hint fits every mistake: it consists of words that tell a student nothing."""
    return len(set(re.findall(r"\w+", hint.lower())) - SAY_NOTHING) < LEAST_WORDS
