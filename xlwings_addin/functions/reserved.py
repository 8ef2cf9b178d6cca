"""Words that a function or an argument cannot be called, because a host already means something by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# [MS-VBAL] 3.3.5.2, reserved-identifier: all ten groups. VBA does not tell upper from lower case.
VBA_WORDS: Final = _words(
    """
    abs addressof and any array as attribute boolean byref byte byval call case cbool cbyte ccur cdate
    cdbl cdec cdecl cint circle clng clnglng clngptr close const csng cstr currency cvar cverr date
    debug decimal declare defbool defbyte defcur defdate defdbl defdec defint deflng deflnglng deflngptr
    defobj defsng defstr defvar dim do doevents double each else elseif empty end endif enum eqv erase
    event exit false fix for friend function get global gosub goto if imp implements in input inputb int
    integer is lbound len lenb let like lineinput lock long longlong longptr loop lset me mod new next
    not nothing null on open option optional or paramarray preserve print private pset public put
    raiseevent redim rem resume return rset scale seek select set sgn shared single spc static stop
    string sub tab then to true type typeof ubound unlock until variant vb_base vb_control vb_creatable
    vb_customizable vb_description vb_exposed vb_ext_key vb_globalnamespace vb_helpid vb_invoke_func
    vb_invoke_property vb_invoke_propertyput vb_invoke_propertyputref vb_memberflags vb_name
    vb_predeclaredid vb_procdata vb_templatederived vb_usermemid vb_vardescription vb_varhelpid
    vb_varmemberflags vb_varprocdata vb_varusermemid wend while with withevents write xor
    """
)

# ECMA-262 12.7.2: reserved words, with those of strict mode and modules; the names that strict mode or the
# global object bind for good; the future reserved words of edition 3.
JAVASCRIPT_WORDS: Final = _words(
    """
    abstract arguments async await boolean break byte case catch char class const continue debugger
    default delete do double else enum eval export extends false final finally float for function goto
    if implements import in infinity instanceof int interface let long nan native new null package
    private protected public return short static super switch synchronized this throw throws transient
    true try typeof undefined var void volatile while with yield
    """
)

# UNOIDL, in which an extension of LibreOffice declares its functions: the keywords of its scanner
# (LibreOffice core, unoidl/source/sourceprovider-scanner.l) and of the older compiler idlc.
UNOIDL_WORDS: Final = _words(
    """
    any attribute boolean bound byte char const constants constrained default double enum exception
    false float get hyper in inout interface long maybeambiguous maybedefault maybevoid module needs
    observes oneway optional out property published raises readonly removable sequence service set short
    singleton string struct switch transient true type typedef union unsigned void
    """
)

WORDS: Final[Mapping[str, frozenset[str]]] = {
    "VBA": VBA_WORDS,
    "JavaScript": JAVASCRIPT_WORDS,
    "UNOIDL": UNOIDL_WORDS,
}

# Excel functions by category (support.microsoft.com), with the future functions of [MS-XLSX] 2.2.2.
EXCEL_FUNCTIONS: Final = _words(
    """
    ABS ACCRINT ACCRINTM ACOS ACOSH ACOT ACOTH ADDRESS AGGREGATE AMORDEGRC AMORLINC ANCHORARRAY AND
    ARABIC AREAS ARRAYTOTEXT ASC ASIN ASINH ATAN ATAN2 ATANH AVEDEV AVERAGE AVERAGEA AVERAGEIF
    AVERAGEIFS BAHTTEXT BASE BESSELI BESSELJ BESSELK BESSELY BETA.DIST BETA.INV BETADIST BETAINV BIN2DEC
    BIN2HEX BIN2OCT BINOM.DIST BINOM.DIST.RANGE BINOM.INV BINOMDIST BITAND BITLSHIFT BITOR BITRSHIFT
    BITXOR BYCOL BYROW CALL CEILING CEILING.MATH CEILING.PRECISE CELL CHAR CHIDIST CHIINV CHISQ.DIST
    CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT CHISQ.TEST CHITEST CHOOSE CHOOSECOLS CHOOSEROWS CLEAN CODE
    COLUMN COLUMNS COMBIN COMBINA COMPLEX CONCAT CONCATENATE CONFIDENCE CONFIDENCE.NORM CONFIDENCE.T
    CONVERT COPILOT CORREL COS COSH COT COTH COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS COUPDAYBS COUPDAYS
    COUPDAYSNC COUPNCD COUPNUM COUPPCD COVAR COVARIANCE.P COVARIANCE.S CRITBINOM CSC CSCH CUBEKPIMEMBER
    CUBEMEMBER CUBEMEMBERPROPERTY CUBERANKEDMEMBER CUBESET CUBESETCOUNT CUBEVALUE CUMIPMT CUMPRINC DATE
    DATEDIF DATEVALUE DAVERAGE DAY DAYS DAYS360 DB DBCS DCOUNT DCOUNTA DDB DEC2BIN DEC2HEX DEC2OCT
    DECIMAL DEGREES DELTA DETECTLANGUAGE DEVSQ DGET DISC DMAX DMIN DOLLAR DOLLARDE DOLLARFR DPRODUCT
    DROP DSTDEV DSTDEVP DSUM DURATION DVAR DVARP ECMA.CEILING EDATE EFFECT ENCODEURL EOMONTH ERF
    ERF.PRECISE ERFC ERFC.PRECISE ERROR.TYPE EUROCONVERT EVEN EXACT EXP EXPAND EXPON.DIST EXPONDIST
    F.DIST F.DIST.RT F.INV F.INV.RT F.TEST FACT FACTDOUBLE FALSE FDIST FIELDVALUE FILTER FILTERXML FIND
    FINDB FINV FISHER FISHERINV FIXED FLOOR FLOOR.MATH FLOOR.PRECISE FORECAST FORECAST.ETS
    FORECAST.ETS.CONFINT FORECAST.ETS.SEASONALITY FORECAST.ETS.STAT FORECAST.LINEAR FORMULATEXT
    FREQUENCY FTEST FV FVSCHEDULE GAMMA GAMMA.DIST GAMMA.INV GAMMADIST GAMMAINV GAMMALN GAMMALN.PRECISE
    GAUSS GCD GEOMEAN GESTEP GETPIVOTDATA GROUPBY GROWTH HARMEAN HEX2BIN HEX2DEC HEX2OCT HLOOKUP HOUR
    HSTACK HYPERLINK HYPGEOM.DIST HYPGEOMDIST IF IFERROR IFNA IFS IMABS IMAGE IMAGINARY IMARGUMENT
    IMCONJUGATE IMCOS IMCOSH IMCOT IMCSC IMCSCH IMDIV IMEXP IMLN IMLOG10 IMLOG2 IMPORTCSV IMPORTTEXT
    IMPOWER IMPRODUCT IMREAL IMSEC IMSECH IMSIN IMSINH IMSQRT IMSUB IMSUM IMTAN INDEX INDIRECT INFO INT
    INTERCEPT INTRATE IPMT IRR ISBLANK ISERR ISERROR ISEVEN ISFORMULA ISLOGICAL ISNA ISNONTEXT ISNUMBER
    ISO.CEILING ISODD ISOMITTED ISOWEEKNUM ISPMT ISREF ISTEXT JIS KURT LAMBDA LARGE LCM LEFT LEFTB LEN
    LENB LET LINEST LN LOG LOG10 LOGEST LOGINV LOGNORM.DIST LOGNORM.INV LOGNORMDIST LOOKUP LOWER
    MAKEARRAY MAP MATCH MAX MAXA MAXIFS MDETERM MDURATION MEDIAN MID MIDB MIN MINA MINIFS MINUTE
    MINVERSE MIRR MMULT MOD MODE MODE.MULT MODE.SNGL MONTH MROUND MULTINOMIAL MUNIT N NA NEGBINOM.DIST
    NEGBINOMDIST NETWORKDAYS NETWORKDAYS.INTL NOMINAL NORM.DIST NORM.INV NORM.S.DIST NORM.S.INV NORMDIST
    NORMINV NORMSDIST NORMSINV NOT NOW NPER NPV NUMBERVALUE OCT2BIN OCT2DEC OCT2HEX ODD ODDFPRICE
    ODDFYIELD ODDLPRICE ODDLYIELD OFFSET OR PDURATION PEARSON PERCENTILE PERCENTILE.EXC PERCENTILE.INC
    PERCENTOF PERCENTRANK PERCENTRANK.EXC PERCENTRANK.INC PERMUT PERMUTATIONA PHI PHONETIC PI PIVOTBY
    PMT POISSON POISSON.DIST POWER PPMT PRICE PRICEDISC PRICEMAT PROB PRODUCT PROPER PV PY QUARTILE
    QUARTILE.EXC QUARTILE.INC QUERYSTRING QUOTIENT RADIANS RAND RANDARRAY RANDBETWEEN RANK RANK.AVG
    RANK.EQ RATE RECEIVED REDUCE REGEXEXTRACT REGEXREPLACE REGEXTEST REGISTER.ID REPLACE REPLACEB REPT
    RIGHT RIGHTB ROMAN ROUND ROUNDDOWN ROUNDUP ROW ROWS RRI RSQ RTD SCAN SEARCH SEARCHB SEC SECH SECOND
    SEQUENCE SERIESSUM SHEET SHEETS SIGN SIN SINGLE SINH SKEW SKEW.P SLN SLOPE SMALL SORT SORTBY
    SQL.REQUEST SQRT SQRTPI STANDARDIZE STDEV STDEV.P STDEV.S STDEVA STDEVP STDEVPA STEYX STOCKHISTORY
    SUBSTITUTE SUBTOTAL SUM SUMIF SUMIFS SUMPRODUCT SUMSQ SUMX2MY2 SUMX2PY2 SUMXMY2 SWITCH SYD T T.DIST
    T.DIST.2T T.DIST.RT T.INV T.INV.2T T.TEST TAKE TAN TANH TBILLEQ TBILLPRICE TBILLYIELD TDIST TEXT
    TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT TIME TIMEVALUE TINV TOCOL TODAY TOROW TRANSLATE TRANSPOSE
    TREND TRIM TRIMMEAN TRIMRANGE TRUE TRUNC TTEST TYPE UNICHAR UNICODE UNIQUE UPPER USDOLLAR VALUE
    VALUETOTEXT VAR VAR.P VAR.S VARA VARP VARPA VDB VLOOKUP VSTACK WEBSERVICE WEEKDAY WEEKNUM WEIBULL
    WEIBULL.DIST WORKDAY WORKDAY.INTL WRAPCOLS WRAPROWS XIRR XLOOKUP XMATCH XNPV XOR YEAR YEARFRAC YIELD
    YIELDDISC YIELDMAT Z.TEST ZTEST
    """
)

# What LibreOffice Calc adds to them (help.libreoffice.org, functions by category, and its add-ins).
CALC_FUNCTIONS: Final = _words(
    """
    B COLOR CONVERT_ADD CONVERT_OOO CUMIPMT_ADD CUMPRINC_ADD CURRENT DAYSINMONTH DAYSINYEAR DDE
    DURATION_ADD EASTERSUNDAY EFFECT_ADD ERRORTYPE FOURIER GCD_ADD GCD_EXCEL2003 ISEVEN_ADD ISLEAPYEAR
    ISODD_ADD LCM_ADD LCM_EXCEL2003 MONTHS MULTIPLE.OPERATIONS MVALUE NETWORKDAYS_EXCEL2003 NOMINAL_ADD
    OPT_BARRIER OPT_PROB_HIT OPT_PROB_INMONEY OPT_TOUCH ORG.LIBREOFFICE.CONVERT RAND.NV RANDBETWEEN.NV
    RAWSUBTRACT REGEX ROT13 ROUNDSIG STYLE WEEKNUM_ADD WEEKNUM_EXCEL2003 WEEKNUM_OOO WEEKS WEEKSINYEAR
    YEARS
    """
)

BUILT_IN: Final[Mapping[str, frozenset[str]]] = {"Excel": EXCEL_FUNCTIONS, "LibreOffice": CALC_FUNCTIONS}
