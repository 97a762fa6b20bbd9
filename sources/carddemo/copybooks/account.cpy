      * Account master, 300 bytes, one record an account.
       01  ACCOUNT-RECORD.
           05  ACCT-ID                 PIC 9(11).
           05  ACCT-NO REDEFINES ACCT-ID
                                       PIC X(11).
           05  ACCT-STATUS             PIC X(1).
               88  IS-ACTIVE           VALUE 'Y'.
               88  IS-CLOSED           VALUE 'N'.
           05  CURR-BAL                PIC S9(10)V99.
           05  CREDIT-LIMIT            PIC S9(10)V99.
           05  CASH-LIMIT              PIC S9(10)V99.
           05  OPEN-DATE               PIC X(10).
           05  EXPIRY-DATE             PIC X(10).
           05  REISSUE-DATE            PIC X(10).
           05  CYCLE-CREDIT            PIC S9(10)V99.
           05  CYCLE-DEBIT             PIC S9(10)V99.
           05  ZIP                     PIC X(10).
           05  GROUP-ID                PIC X(10).
           05  FILLER                  PIC X(178).
