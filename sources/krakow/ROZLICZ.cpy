      * What each payment settles.
       01  ROZLICZ-REC.
           05  WPLATA-NR           PIC 9(12).
           05  FAKTURA-NR          PIC 9(12).
           05  KWOTA               PIC S9(9)V99 COMP-3.
