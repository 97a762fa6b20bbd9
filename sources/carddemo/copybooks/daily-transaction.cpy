      * Transactions of a day, 350 bytes, one record a booking.
       01  DAILY-TRANSACTION-RECORD.
           05  TRAN-ID                 PIC X(16).
           05  TRAN-TYPE               PIC X(2).
               88  IS-PURCHASE         VALUE '01'.
               88  IS-CREDIT           VALUE '03'.
           05  CATEGORY                PIC 9(4).
           05  TRAN-SOURCE             PIC X(10).
           05  DESCRIPTION             PIC X(100).
           05  AMOUNT                  PIC S9(9)V99.
           05  MERCHANT-ID             PIC 9(9).
           05  MERCHANT-NAME           PIC X(50).
           05  MERCHANT-CITY           PIC X(50).
           05  MERCHANT-ZIP            PIC X(10).
           05  CARD-NUM                PIC X(16).
           05  ORIGINATED-AT           PIC X(26).
      * The day alone: dates are read as dates, not as moments.
           05  ORIGINATED REDEFINES ORIGINATED-AT.
               10  ORIGINATED-ON       PIC X(10).
               10  FILLER              PIC X(16).
           05  PROCESSED-AT            PIC X(26).
           05  FILLER                  PIC X(20).
