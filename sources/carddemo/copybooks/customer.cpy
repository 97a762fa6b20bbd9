      * Customer master, 500 bytes, one record a customer.
       01  CUSTOMER-RECORD.
           05  CUST-ID                 PIC 9(9).
           05  CUST-NO REDEFINES CUST-ID
                                       PIC X(9).
           05  CUST-NAME.
               10  FIRST-NAME          PIC X(25).
               10  MIDDLE-NAME         PIC X(25).
               10  LAST-NAME           PIC X(25).
           05  CUST-ADDRESS.
               10  ADDR-LINE-1         PIC X(50).
               10  ADDR-LINE-2         PIC X(50).
               10  ADDR-LINE-3         PIC X(50).
               10  STATE               PIC X(2).
               10  COUNTRY             PIC X(3).
               10  ZIP                 PIC X(10).
           05  PHONE-1                 PIC X(15).
           05  PHONE-2                 PIC X(15).
           05  SSN                     PIC 9(9).
           05  GOVT-ID                 PIC X(20).
           05  DATE-OF-BIRTH           PIC X(10).
           05  EFT-ACCOUNT-ID          PIC X(10).
           05  PRIMARY-HOLDER          PIC X(1).
               88  IS-PRIMARY          VALUE 'Y'.
           05  FICO                    PIC 9(3).
           05  FILLER                  PIC X(168).
