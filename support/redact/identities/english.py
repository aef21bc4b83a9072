"""The commonest words of English, and those that logs and manuals are made of.

Owns the list. In prose any of them may stand where a name may: `the machine that reads`, `by one`.
Whoever is called so keeps the name, which tells of nobody.
"""

from __future__ import annotations

COMMON = frozenset(
    b"""
    a able about above according across act acts actually add adds afterwards against ago ahead all
    allows almost alone along already also although always am among an and another any anybody
    anyone anything anyway apart apparently appears are area around as aside ask asked asks at away
    back bad be became because become becomes been before began beginning begins behind being below
    beneath beside besides best better between beyond big bit bits both bring brings brought but by
    call called caller calls came can cannot care carries carry cases cause caused causes certain
    changes cleared closes comes common compared complete concerning contained contains copied
    could counts course customer customers describes described descriptor despite did different
    directly does doing don done down drops due each earlier easy eight either else elsewhere end
    ended ending ends enough entirely equal especially even ever every everybody everyone
    everything exactly except expects explains far fast few fewer fifth file files finally find
    finds fine finished first five follow followed following follows for forever former forth
    fourth from full fully further gave get gets getting give given gives go goes going gone good
    got great grows had half halt handed happened happens hard has have having he held help hence
    her here him his hold holds how however i if immediately important in indeed inside instead into
    involved is it items its itself just keep keeps kept kernel keys knew know known knows large
    largely last lasts late later latter lead leads least leaves left less let lets like likely
    likewise linked little lives long longer look looked looking looks lot low made mainly make
    makes making many matter matters may me mean means meant meanwhile might mine missing moment
    more moreover most mostly move moved moves much must my name named namely names near nearly
    necessary need needed needs neither never nevertheless new newer newest next nine no nobody non
    none nor not nothing notices now nowhere number numbers obvious of off often oh ok old older on
    once one ones only onto open opened opens or order other others otherwise our ours out outside
    over overall own owned owner owners owns parts past people per perhaps person persons piece
    place placed places plain please points possible probably put puts quite rather read reader
    reading reads real really reason recently refuses regarding relates remains right root run
    running runs said same saw say saying says second seconds see seeing seem seemed seems seen
    sees self sends sense sent set sets several shall she should show shown shows side similar since
    six small so some somebody somehow someone something sometimes somewhere soon sort stands start
    started starting starts stay stayed stays still stood stop stopped stops such sure take taken
    takes taking tell telling tells ten than that the their theirs them themselves then there
    therefore these they thing things think third this those though three through throughout thus
    time times to today together told tomorrow too took toward towards tries true try trying twice
    two unable under unless unlike until up upon us use used useful user users uses using usual
    usually various very via want wanted wants was way ways we well went were what whatever when
    whenever where whereas wherever whether which whichever while who whoever whole whom whose why
    will with within without words work works world would wrong yes yesterday yet you your yours
    yourself zero dir dirs uids gids newuser ordinary passwords preference preferences registration
    specific specified information
    """.split()
)
